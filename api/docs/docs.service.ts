import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { OpenAPIObject } from '@nestjs/swagger';
import { API_DEPS, type ApiDeps } from '../deps.js';

/** Files of swagger-ui that the page loads, with their media types. Nothing else of the package is served. */
const ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

export interface Asset {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

/** The OpenAPI document, made when somebody first asks: most processes are never asked. */
@Injectable()
export class DocsService {
  private app: NestExpressApplication | undefined;
  private made: Promise<OpenAPIObject> | undefined;

  constructor(@Inject(API_DEPS) private readonly deps: ApiDeps) {}

  attach(app: NestExpressApplication): void {
    this.app = app;
  }

  document(): Promise<OpenAPIObject> {
    const { app } = this;
    if (!app) throw new Error('the API is not complete yet');
    this.made ??= import('./openapi.js').then(({ openApi }) => openApi(app, this.deps));
    return this.made;
  }

  async asset(name: string): Promise<Asset | undefined> {
    const mediaType = Object.hasOwn(ASSETS, name) ? ASSETS[name] : undefined;
    if (mediaType === undefined) return undefined;
    return { bytes: await readFile(join(assetDir(), name)), mediaType };
  }
}

/** swagger-ui comes with @nestjs/swagger and is found from there: it is no dependency of our own. */
function assetDir(): string {
  const ours = createRequire(import.meta.url);
  return dirname(createRequire(ours.resolve('@nestjs/swagger')).resolve('swagger-ui-dist/package.json'));
}
