import type { OpenAPIObject } from '@nestjs/swagger';
import { eventData } from './event-data.js';
import { standalone, type JsonSchema } from './json-schema.js';

/** The JSON schemas of what events tell, as they are served: made of the OpenAPI document when first asked for. */
export class EventSchemas {
  private made: ReadonlyMap<string, JsonSchema> | undefined;
  private document: (() => OpenAPIObject) | undefined;

  /** Where they are made of; said once, when the application is there. */
  makeOf(document: () => OpenAPIObject): void {
    this.document = document;
  }

  /** By type with version: `ipam.lease.created.v1`. */
  get all(): ReadonlyMap<string, JsonSchema> {
    if (this.document === undefined) throw new Error('there is no OpenAPI document to make schemas of');
    this.made ??= eventSchemas(this.document());
    return this.made;
  }
}

export function eventSchemas(document: OpenAPIObject): ReadonlyMap<string, JsonSchema> {
  return new Map(
    eventData(document).map(({ type, schema }) => [
      type,
      { $schema: 'http://json-schema.org/draft-07/schema#', ...standalone(document, schema) },
    ]),
  );
}
