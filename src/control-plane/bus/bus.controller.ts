import { Controller } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { MessagePattern, Payload } from '@nestjs/microservices';
import type { FastifyInstance } from 'fastify';
import { Authenticator } from '../../platform/auth/authenticator.js';
import { Metrics } from '../../platform/metrics/metrics.js';
import { Problem } from '../../platform/problem/problem.js';
import { problemAnswer, PREFIX, type BusAnswer, type BusRequest } from './bus-message.js';
import { membersOf, partsOf, type RequestParts } from './bus-request.js';
import { BusRoutes } from './bus-routes.js';

/** Stands for the address of the client, which NATS does not tell: strangers share one allowance. */
const ADDRESS = 'bus';

/**
 * The operations of the API over NATS. A request goes to the route that does the operation, by Fastify itself but without a
 * connection: authentication, limits, checks, hooks, handler and errors are those of HTTP because they are the same code.
 */
@Controller()
export class BusController {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly routes: BusRoutes,
    private readonly authenticator: Authenticator,
    private readonly metrics: Metrics,
  ) {}

  @MessagePattern(`${PREFIX}>`)
  async handle(@Payload() request: BusRequest): Promise<BusAnswer> {
    let answer: BusAnswer;
    let { operation } = request;
    try {
      this.routes.any(operation);
      answer = await this.pass(request, await this.partsOf(request));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.code === 'no-route') operation = 'unknown';
      answer = problemAnswer(error);
    }
    this.metrics.busRequests.add({ operation, status: String(answer.status) });
    return answer;
  }

  private async partsOf({ operation, headers, data }: BusRequest): Promise<RequestParts> {
    const known = await this.isKnown(headers.authorization);
    // Of a stranger nothing is read: the route refuses him, and counts how often he asks.
    if (!known) return { method: this.routes.any(operation).method, url: this.routes.any(operation).url };
    const members = membersOf(data);
    return partsOf(this.routes.find(operation, members), members);
  }

  private async isKnown(authorization: string | undefined): Promise<boolean> {
    try {
      await this.authenticator.authenticate(authorization);
      return true;
    } catch {
      return false;
    }
  }

  private async pass({ headers }: BusRequest, { method, url, payload }: RequestParts): Promise<BusAnswer> {
    const fastify = this.host.httpAdapter.getInstance<FastifyInstance>();
    const {
      statusCode,
      headers: sent,
      rawPayload,
    } = await fastify.inject({
      method: method as 'GET',
      url,
      remoteAddress: ADDRESS,
      headers: {
        ...headers,
        accept: 'application/json',
        ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(payload === undefined ? {} : { payload }),
    });
    return { status: statusCode, headers: sent, body: rawPayload };
  }
}
