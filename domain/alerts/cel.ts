import { BadExpression, numericCondition } from '../definitions/expressions.js';
import { type CompileCel, ConditionProblem } from './condition.js';

/** Parsed and checked once, evaluated at every look. */
export const compileCel: CompileCel = (cel, variables) => {
  try {
    return numericCondition(cel, variables);
  } catch (error) {
    if (error instanceof BadExpression) throw new ConditionProblem(`The condition cannot be read (${error.message}).`);
    throw error;
  }
};
