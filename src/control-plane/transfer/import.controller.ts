import { PassThrough, type Readable } from 'node:stream';
import { Controller, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ANYBODY } from '../../platform/auth/principal.js';
import { Route } from '../../platform/http/route.js';
import { streamedType } from '../../platform/http/streamed-body.js';
import { traceContext } from '../../platform/http/trace-context.js';
import { invalidField } from '../../platform/problem/problem.js';
import { Gone, tooLarge } from './body-text.js';
import { FORMAT_OF, ImportQuery, onlyNoun } from './import.dto.js';
import { ImportService, type Import, type Progress } from './import.service.js';
import { ImportTerms } from './import-terms.js';

/** How often the answer says how far it is; it also keeps proxies from taking the connection for dead. */
const TELL_MS = 1000;

@ApiTags('transfer')
@Controller('import')
export class ImportController {
  constructor(
    private readonly imports: ImportService,
    private readonly terms: ImportTerms,
  ) {}

  /**
   * Imports pools, subnets, reservations and leases, as export gives them: checked as a whole, then applied as a whole, or
   * not at all. The answer is a stream of lines that say how far it is; the last one has `done`: true with what was applied,
   * or false with the bad lines, or with the problem. An import whose client goes away before that is not applied.
   */
  @Post()
  @Route({ does: 'import.create', access: [], streams: Object.keys(FORMAT_OF), problems: ['invalid-field'] })
  @ApiProduces('application/x-ndjson')
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @ApiOkResponse({ schema: { type: 'string', format: 'binary' } })
  importAll(
    @Query() query: ImportQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) response: FastifyReply,
  ): Readable {
    const format = FORMAT_OF[streamedType(request)] ?? 'json';
    if (query.format !== undefined && query.format !== format) {
      throw invalidField('format', `must be ${format}, as the Content-Type says`);
    }
    if (Number(request.headers['content-length'] ?? 0) > this.terms.limit) throw tooLarge(this.terms.limit);
    this.imports.begin();
    const gone = new AbortController();
    response.raw.once('close', () => gone.abort());
    response.header('content-type', 'application/x-ndjson').header('cache-control', 'no-store');
    const lines = new PassThrough();
    void this.answer(lines, {
      body: request.body as Readable,
      format,
      only: onlyNoun(query.type),
      dryRun: query.dryRun === 'true',
      principal: (request.principal ?? ANYBODY).name,
      traceparent: traceContext(request.headers['traceparent']),
      limit: this.terms.limit,
      signal: gone.signal,
    });
    return lines;
  }

  private async answer(lines: PassThrough, asked: Omit<Import, 'progress'>): Promise<void> {
    let progress: Progress = { phase: 'reading', lines: 0 };
    const tell = (): void => void lines.write(`${JSON.stringify(progress)}\n`);
    const timer = setInterval(tell, TELL_MS);
    tell();
    try {
      const outcome = await this.imports.run({ ...asked, progress: (now) => (progress = now) });
      lines.end(`${JSON.stringify(outcome)}\n`);
    } catch (error) {
      if (error instanceof Gone || asked.signal.aborted) lines.destroy();
      else lines.end(`{"done":false,"problem":${this.terms.problem(error)}}\n`);
    } finally {
      clearInterval(timer);
      this.imports.end();
    }
  }
}
