import type { Type } from '@nestjs/common';
import type { FastifyReply, RouteHandlerMethod } from 'fastify';
import type { AnsweringAdapter } from './answer.js';
import type { RouteFacts } from './route.js';

/** A controller's instance; asked for when the first request comes. */
export type Controllers = (type: Type<object>) => object;

type Handler = (...parameters: unknown[]) => unknown;

/**
 * Lets Fastify call the handlers of `Route`s itself, without the way through Nest's router: guards, pipes and interceptors,
 * of which there are none here, and half a dozen promises for each request. What a handler is called with is what its
 * parameters' decorators say, so nothing is declared twice; one with a parameter of another kind stays with Nest. What is
 * thrown goes to the same filter by Fastify's error handler, which Nest has set.
 *
 * To be called before the routes are added.
 */
export function installDirectHandlers(adapter: AnsweringAdapter, controllers: Controllers): void {
  adapter.getInstance().addHook('onRoute', (route) => {
    const handler = route.config?.berth && directHandler(adapter, route.config.berth, controllers);
    if (handler !== undefined) route.handler = handler;
  });
}

function directHandler(
  adapter: AnsweringAdapter,
  { handler, readers, status = 200 }: RouteFacts,
  controllers: Controllers,
): RouteHandlerMethod | undefined {
  if (handler === undefined || readers === undefined) return undefined;
  const send = (reply: FastifyReply, value: unknown): void => {
    try {
      adapter.reply(reply, value, status);
    } catch (error) {
      fail(reply, error);
    }
  };
  let call: Handler | undefined;
  return (request, reply): void => {
    // The router takes an empty part of a path for a parameter; nothing has an empty id or name.
    const params = request.params as Record<string, string>;
    for (const name in params) {
      if (params[name] === '') {
        reply.callNotFound();
        return;
      }
    }
    call ??= bound(controllers(handler.controller), handler.name);
    reply.code(status);
    const result = call(...readers.map((read) => read(request)));
    if (!(result instanceof Promise)) send(reply, result);
    else {
      result.then(
        (value) => send(reply, value),
        (error: unknown) => fail(reply, error),
      );
    }
  };
}

function bound(controller: object, name: string | symbol): Handler {
  const method = (controller as Record<string | symbol, Handler>)[name];
  if (method === undefined) throw new Error(`no handler ${String(name)}`);
  return method.bind(controller);
}

function fail(reply: FastifyReply, error: unknown): void {
  void reply.send(error instanceof Error ? error : new Error(String(error)));
}
