/** What happens to every request before the router: id, headers, method, sender, kind and size of the body. */
import { randomUUID } from 'node:crypto';
import type { NestExpressApplication } from '@nestjs/platform-express';
import helmet from 'helmet';
import { API_LIMITS } from '../../domain/api.schema.js';
import type { ApiDeps } from '../deps.js';
import type { Authenticator } from './authenticator.js';
import { header, type Middleware, type Next, type Req, type Res } from './http.js';
import { ApiProblem } from './problem.js';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const WITH_BODY = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
const REQUEST_ID = /^[\w.:-]{1,64}$/;
const JSON_TYPE = /^application\/(json|[\w.-]+\+json)\s*(;|$)/i;
/** Deliveries prove themselves, by a signature over their bytes or a token of their own, so nobody asks them for a key. */
const DELIVERY = /^(?:\/hooks\/[^/]+|\/api\/hooks\/(?:github|gitlab)|\/api\/triggers\/[^/]+\/fire)$/;
const UPLOAD = /^\/api\/ingest\/runs\/[^/]+\/artifacts\//;

export function installEdge(app: NestExpressApplication, deps: ApiDeps, authenticator: Authenticator): void {
  app.use(requestFacts());
  app.use(secureHeaders());
  app.use(accessLog(deps));
  app.use(knownMethod(new Set(deps.allowedOrigins ?? [])));
  app.use(sender(authenticator));
  app.use(bodyKind());
  app.useBodyParser('raw', { limit: API_LIMITS.deliveryBytes, inflate: false, type: isDelivery });
  app.useBodyParser('json', {
    limit: API_LIMITS.ingestBodyBytes,
    type: (req: Req) => takesJson(req) && fromRunner(req),
  });
  app.useBodyParser('json', { limit: API_LIMITS.bodyBytes, type: (req: Req) => takesJson(req) && !fromRunner(req) });
}

const isDelivery = (req: Req): boolean => req.method === 'POST' && DELIVERY.test(req.path);
const isUpload = (req: Req): boolean => req.method === 'PUT' && UPLOAD.test(req.path);
const fromRunner = (req: Req): boolean => req.baton?.principal?.role === 'runner';
const isJson = (req: Req): boolean => JSON_TYPE.test(header(req, 'content-type') ?? '');
const takesJson = (req: Req): boolean => !isUpload(req) && !isDelivery(req) && isJson(req);

function requestFacts(): Middleware {
  return (req, res, next) => {
    const given = header(req, 'x-request-id');
    const requestId = given !== undefined && REQUEST_ID.test(given) ? given : randomUUID();
    req.baton = { requestId, principal: undefined, refusal: undefined };
    res.setHeader('X-Request-Id', requestId);
    // Answers are about the present; what may be kept (artifacts) says so itself.
    res.setHeader('Cache-Control', 'no-store');
    next();
  };
}

function secureHeaders(): Middleware {
  const set = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], baseUri: ["'none'"], formAction: ["'none'"] },
    },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    frameguard: { action: 'deny' },
    // TLS ends in front of Baton where there is any; promising it for a plain address would lock people out.
    strictTransportSecurity: false,
  });
  return (req, res, next) => set(req, res, next);
}

function accessLog({ logger }: ApiDeps): Middleware {
  return (req, res, next) => {
    const startedAt = performance.now();
    res.once('close', () => {
      const ms = Math.round(performance.now() - startedAt);
      // The path without its query: a query may hold what people search for.
      const fields = {
        requestId: req.baton?.requestId,
        method: req.method,
        path: req.path,
        status: res.statusCode,
        ms,
        principal: req.baton?.principal?.name,
      };
      logger.debug(fields, 'request');
    });
    next();
  };
}

/** Refuses methods nobody uses, TRACE among them, and answers preflights of the allowed origins. */
function knownMethod(allowedOrigins: ReadonlySet<string>): Middleware {
  return (req, res, next) => {
    const origin = header(req, 'origin');
    const friend = origin !== undefined && allowedOrigins.has(origin);
    if (friend) {
      res.setHeader('Access-Control-Allow-Origin', origin);
      res.setHeader('Access-Control-Expose-Headers', 'X-Request-Id, ETag, Content-Disposition, Retry-After');
      // Pages of an allowed origin may load what they were allowed to read.
      res.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
    }
    if (allowedOrigins.size > 0) res.setHeader('Vary', 'Origin');
    if (req.method === 'OPTIONS' && friend && header(req, 'access-control-request-method') !== undefined) {
      preflight(res);
      return;
    }
    next(METHODS.has(req.method ?? '') && req.method !== 'OPTIONS' ? undefined : refusedMethod());
  };
}

function preflight(res: Res): void {
  res.statusCode = 204;
  res.setHeader('Access-Control-Allow-Methods', 'GET, POST, PUT, PATCH, DELETE');
  res.setHeader(
    'Access-Control-Allow-Headers',
    'Authorization, Content-Type, Idempotency-Key, X-API-Key, X-Request-Id',
  );
  res.setHeader('Access-Control-Max-Age', '600');
  res.end();
}

const refusedMethod = (): ApiProblem => new ApiProblem(405, 'method-not-allowed', 'This method is not used here.');

/**
 * Finds out who sent the request before a byte of its body is read. Nothing that changes anything is public but
 * deliveries, so a request with a body from nobody ends here; for the rest the guard decides.
 */
function sender(authenticator: Authenticator): Middleware {
  return (req, _res, next) => {
    if (isDelivery(req)) {
      next();
      return;
    }
    authenticator.identify(req).then(
      (principal) => {
        if (req.baton) req.baton.principal = principal;
        next();
      },
      (error: unknown) => refuseLater(req, error, next),
    );
  };
}

function refuseLater(req: Req, error: unknown, next: Next): void {
  if (!(error instanceof ApiProblem) || !req.baton || WITH_BODY.has(req.method ?? '')) {
    next(error);
    return;
  }
  req.baton.refusal = error;
  next();
}

function bodyKind(): Middleware {
  return (req, _res, next) => {
    const hasBody = header(req, 'transfer-encoding') !== undefined || Number(header(req, 'content-length') ?? 0) > 0;
    const refused = hasBody && WITH_BODY.has(req.method ?? '') && !isUpload(req) && !isJson(req);
    next(
      refused
        ? new ApiProblem(415, 'unsupported-media-type', 'Send the body as `Content-Type: application/json`.')
        : undefined,
    );
  };
}
