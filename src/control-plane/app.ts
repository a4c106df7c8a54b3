import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import { Authenticator } from '../platform/auth/authenticator.js';
import type { Config } from '../platform/config/config.js';
import { installDirectHandlers } from '../platform/http/direct-handler.js';
import { KnownPaths } from '../platform/http/known-paths.js';
import { PlainListener } from '../platform/http/plain-listener.js';
import { RateLimiter } from '../platform/http/rate-limiter.js';
import { createAdapter, installDraining, installHooks } from '../platform/http/server.js';
import type { Log } from '../platform/logging/log.js';
import { installHttpMetrics } from '../platform/metrics/http-metrics.js';
import { Metrics } from '../platform/metrics/metrics.js';
import { EventSchemas } from './asyncapi/event-schemas.js';
import { AppModule } from './app.module.js';
import { BusRoutes } from './bus/bus-routes.js';
import { openapi } from './document/openapi.js';
import { Hooks } from './hooks/hooks.js';
import { installPreCommitHooks } from './hooks/install-hooks.js';
import { Idempotency } from './resource/idempotency.js';

/** Nest itself only says what went wrong at start; requests are logged by the problem filter. */
const nestLog = (log: Log) => ({
  log: () => undefined,
  warn: (message: unknown) => log('warn', 'nest', { text: String(message) }),
  error: (message: unknown) => log('error', 'nest', { text: String(message) }),
});

/** The application, not listening yet. With `preview` nothing is instantiated: for its document only. */
export async function createApp(config: Config, log: Log, preview = false): Promise<NestFastifyApplication> {
  const adapter = createAdapter({ bodyLimit: config.http.bodyLimit });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(config, log), adapter, {
    bodyParser: false,
    abortOnError: false,
    routeConflictPolicy: { duplicate: 'error', shadow: 'error' },
    logger: nestLog(log),
    preview,
  });
  if (preview) return app;
  const authenticator = app.get(Authenticator);
  await authenticator.ready();
  const fastify = adapter.getInstance();
  app.get(KnownPaths).watch(fastify);
  installDraining(fastify);
  app.get(PlainListener).install(fastify);
  const { requestRate: rate, requestBurst: burst = 2 * rate } = config.limits;
  installHooks(fastify, authenticator, new RateLimiter({ rate, burst }));
  if (config.hooks.rules !== undefined) installPreCommitHooks(fastify, app.get(Hooks), app.get(Idempotency));
  if (config.bus.api === 'on') app.get(BusRoutes).watch(fastify);
  installDirectHandlers(adapter, (type) => app.get(type, { strict: false }));
  installHttpMetrics(fastify, app.get(Metrics));
  app.get(EventSchemas, { strict: false }).makeOf(() => openapi(app));
  SwaggerModule.setup('docs', app, () => openapi(app), {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
  });
  return app;
}
