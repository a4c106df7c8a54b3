import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { PROBLEM_SCHEMA } from '../../platform/http/route.js';
import { complete } from '../../platform/openapi/complete.js';
import type { Document } from '../../platform/openapi/document.js';
import { EVENT_MODELS } from '../asyncapi/event-data.js';
import { BODY_EXAMPLES } from './body-examples.js';
import { TAGS } from './tags.js';

/** The OpenAPI 3.0 document of the application. */
export function openapi(app: NestFastifyApplication): OpenAPIObject {
  const head = new DocumentBuilder()
    .setTitle('Berth')
    .setDescription(
      'Hands out addresses and ports, tells everyone who asked to be told, and makes the gateway obey. ' +
        'Errors are RFC 9457 problems with a stable `code`. ETag and If-Match guard every change, Idempotency-Key every POST.',
    )
    .setVersion('1.0.0')
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer('/', 'The service that gave this document.')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'A JSON Web Token (RFC 6750).',
    });
  for (const [name, description] of Object.entries(TAGS)) head.addTag(name, description);
  const document = SwaggerModule.createDocument(app, head.build(), {
    operationIdFactory: (_controller, method) => method,
    extraModels: [PROBLEM_SCHEMA, ...EVENT_MODELS],
  });
  complete(document as unknown as Document, BODY_EXAMPLES);
  return document;
}
