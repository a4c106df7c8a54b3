import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** What a handler's parameter is made of. */
export type RequestReader = (request: FastifyRequest) => unknown;

/** How Nest calls it, where it does (see direct-handler.ts). */
export const readByNest = (read: RequestReader, context: ExecutionContext): unknown =>
  read(context.switchToHttp().getRequest<FastifyRequest>());

/** A handler's parameter that is made of the request by a function of ours. */
export const FromRequest: (read: RequestReader) => ParameterDecorator = createParamDecorator(readByNest);
