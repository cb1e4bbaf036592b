import { Controller, Get, Inject, Param, Res as Response } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ExecutionId } from '../../domain/api.schema.js';
import { ReceiptKeyList, SignedReceipt } from '../../domain/receipt.schema.js';
import { Access } from '../common/access.js';
import { Answers } from '../common/documented.js';
import type { Res } from '../common/http.js';
import { notFound } from '../common/problem.js';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { RunsService } from '../runs/runs.service.js';

/** What a verdict can be checked with, also where Baton is not. */
@ApiTags('receipts')
@Controller('api')
export class ReceiptsController {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(RunsService) private readonly runs: RunsService,
  ) {}

  @Get('receipt-keys')
  @Access('viewer')
  @ApiOperation({ summary: 'Public keys that receipts are signed with, the newest first' })
  @Answers(200, ReceiptKeyList, 'The keys.')
  keys(): ReceiptKeyList {
    return { items: [...this.deps.receiptKeys] };
  }

  @Get('runs/:id/receipt')
  @Access('viewer')
  @ApiOperation({
    summary: 'The signed receipt of a verdict',
    description: '`baton receipt verify` checks it offline.',
  })
  @Answers(200, SignedReceipt, 'The receipt, as it was signed.', 404)
  async receipt(@Param('id', { schema: ExecutionId }) id: string, @Response() res: Res): Promise<void> {
    const run = await this.runs.existing(id);
    const document = await this.deps.ledger.receipt(id);
    if (document === undefined) throw notFound(missing(id, run.verdict !== null));
    res.statusCode = 200;
    res.setHeader('Content-Type', 'application/json; charset=utf-8');
    res.setHeader('Content-Disposition', `attachment; filename="receipt-${id.replace(/[^\w.-]/g, '_')}.json"`);
    res.setHeader('Cache-Control', 'private, no-cache');
    res.end(document);
  }
}

const missing = (id: string, judged: boolean): string =>
  judged
    ? `Execution ${id} got its verdict before receipts were made; run it again for one.`
    : `Execution ${id} has no verdict yet, so there is no receipt. Ask again when it has finished.`;
