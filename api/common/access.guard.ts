import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ACCESS_KEY, type AccessLevel, mayUse } from './access.js';
import { unauthorized } from './authenticator.js';
import type { Req } from './http.js';
import { ApiProblem } from './problem.js';

/** The one guard, for every route. A handler that does not say who may use it is closed to everybody. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(@Inject(Reflector) private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    // Rights on the websocket are the gateway's: a message there is no HTTP request.
    if (context.getType() !== 'http') return true;
    const level = this.reflector.get<AccessLevel | undefined>(ACCESS_KEY, context.getHandler());
    if (level === undefined)
      throw new ApiProblem(403, 'no-access-rule', 'This route has no access rule, so nobody may use it.');
    const facts = context.switchToHttp().getRequest<Req>().baton;
    if (mayUse(level, facts?.principal?.role)) return true;
    if (!facts?.principal) throw facts?.refusal ?? unauthorized('Send an API key.');
    throw new ApiProblem(
      403,
      'forbidden',
      `This needs the role ${level}; the key has the role ${facts.principal.role}.`,
    );
  }
}
