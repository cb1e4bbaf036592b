import { Controller, Get, Header, Inject, Param, Res as Response } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOperation, ApiTags, type OpenAPIObject } from '@nestjs/swagger';
import { Access } from '../common/access.js';
import type { Res } from '../common/http.js';
import { notFound } from '../common/problem.js';
import { DocsService } from './docs.service.js';

const PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Baton API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css"><link rel="icon" href="/docs/favicon-32x32.png"></head>
<body><div id="page"></div><script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>`;

const START = `window.ui = SwaggerUIBundle({ url: '/docs-json', dom_id: '#page', deepLinking: true, persistAuthorization: false });`;

/** swagger-ui sets styles from its script; it loads nothing from anywhere else. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** What the API offers is no secret; what it answers is. So these pages are public. */
@ApiTags('docs')
@Controller()
export class DocsController {
  constructor(@Inject(DocsService) private readonly docs: DocsService) {}

  @Get('docs')
  @Access('public')
  @Header('Content-Type', 'text/html; charset=utf-8')
  @Header('Content-Security-Policy', PAGE_POLICY)
  @ApiOperation({ summary: 'This documentation' })
  page(): string {
    return PAGE;
  }

  @Get('docs-json')
  @Access('public')
  @ApiOperation({ summary: 'The OpenAPI document' })
  document(): Promise<OpenAPIObject> {
    return this.docs.document();
  }

  @Get('docs/:asset')
  @Access('public')
  @ApiExcludeEndpoint()
  async asset(@Param('asset') name: string, @Response() res: Res): Promise<void> {
    const asset =
      name === 'start.js'
        ? { bytes: Buffer.from(START), mediaType: 'text/javascript; charset=utf-8' }
        : await this.docs.asset(name);
    if (!asset) throw notFound('There is no such page.');
    res.setHeader('Content-Type', asset.mediaType);
    res.setHeader('Cache-Control', 'public, max-age=3600');
    res.end(asset.bytes);
  }
}
