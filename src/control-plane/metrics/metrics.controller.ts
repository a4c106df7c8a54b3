import { Controller, Get, Res } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Route } from '../../platform/http/route.js';
import { CONTENT_TYPE } from '../../platform/metrics/exposition.js';
import { MetricsService } from './metrics.service.js';

const PROMETHEUS = { description: 'Text format 0.0.4', content: { 'text/plain': { schema: { type: 'string' } } } };

@ApiTags('metrics')
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: MetricsService) {}

  /** Figures for Prometheus: pools, claims, requests, outbox, process. */
  @Get()
  @Route({ access: ['reader'], unlimited: true })
  @ApiOkResponse(PROMETHEUS)
  getMetrics(@Res({ passthrough: true }) response: FastifyReply): Promise<string> {
    response.header('content-type', CONTENT_TYPE);
    return this.metrics.text();
  }
}

/** The same for anyone: METRICS_ACCESS=anyone. */
@ApiTags('metrics')
@Controller('metrics')
export class OpenMetricsController {
  constructor(private readonly metrics: MetricsService) {}

  @Get()
  @Route({ access: 'anyone' })
  @ApiOkResponse(PROMETHEUS)
  getMetrics(@Res({ passthrough: true }) response: FastifyReply): Promise<string> {
    response.header('content-type', CONTENT_TYPE);
    return this.metrics.text();
  }
}
