import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { KnownPaths } from '../http/known-paths.js';
import type { Log } from '../logging/log.js';
import { problemBody } from './problem-body.js';
import { Problem } from './problem.js';

/** The one place where an error becomes an answer. What is not a Problem is our fault: logged with its cause, told without. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly paths: KnownPaths,
    private readonly log: Log,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const response = http.getResponse<FastifyReply>();
    const problem = this.toProblem(error, request);
    const { instance, bytes } = problemBody(problem);
    if (problem.status >= 500) {
      const cause: unknown = problem.extra.cause ?? error;
      this.log('error', 'request failed', {
        instance,
        method: request.method,
        route: request.routeOptions.url ?? null,
        code: problem.code,
        cause:
          cause instanceof Error
            ? problem.code === 'internal'
              ? (cause.stack ?? cause.message)
              : cause.message
            : String(cause),
      });
    }
    if (response.sent || response.raw.headersSent) {
      // A list broke while it was being streamed: cutting the connection is the only way left to say so.
      response.raw.destroy();
      return;
    }
    for (const [name, value] of Object.entries(problem.extra.headers ?? {})) response.header(name, value);
    void response.status(problem.status).header('content-type', 'application/problem+json').send(bytes);
  }

  private toProblem(error: unknown, request: FastifyRequest): Problem {
    if (error instanceof Problem) return error;
    const status = error instanceof HttpException ? error.getStatus() : statusOf(error);
    switch (status) {
      case 404:
        return this.paths.miss(request.method, request.url);
      case 400:
        return new Problem('malformed-request', 'The request cannot be read.', { cause: error });
      case 413:
        return new Problem('body-too-large', 'The body is larger than this server reads.');
      case 415:
        return new Problem('unsupported-media-type', 'Send the body as application/json.');
      default:
        return new Problem('internal', 'Something went wrong in Berth. The log has the cause under this instance.', {
          cause: error,
        });
    }
  }
}

function statusOf(error: unknown): number | undefined {
  return typeof error === 'object' && error !== null && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : undefined;
}
