/** Why a stack could not start. `usage`: the caller or the configuration is at fault (exit code 2), otherwise 3. */
export class StackProblem extends Error {
  override readonly name = 'StackProblem';
  constructor(
    message: string,
    readonly usage: boolean,
  ) {
    super(message);
  }
}
