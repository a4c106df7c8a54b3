/** The parts of an OpenAPI 3.0 document (https://spec.openapis.org/oas/v3.0.3) that Berth's own has, and that it completes. */
export interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas: Record<string, Schema>;
    examples?: Record<string, { summary?: string; value: unknown }>;
    headers?: Record<string, Header>;
    responses?: Record<string, Response>;
  };
}

export interface Reference {
  $ref: string;
}

export interface Operation {
  operationId: string;
  summary?: string;
  description?: string;
  security?: Record<string, string[]>[];
  parameters?: Parameter[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, Response | Reference>;
}

export interface Parameter {
  in: 'path' | 'query' | 'header';
  name: string;
  description?: string;
  example?: unknown;
  schema: Schema;
}

export interface Media {
  schema?: Schema;
  examples?: Record<string, Reference>;
}

export interface Header {
  description: string;
  schema: Schema;
}

export interface Response {
  description: string;
  headers?: Record<string, Reference>;
  content?: Record<string, Media>;
}

export interface Schema {
  $ref?: string;
  type?: string;
  format?: string;
  nullable?: boolean;
  enum?: unknown[];
  default?: unknown;
  example?: unknown;
  minimum?: number;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  allOf?: Schema[];
  oneOf?: Schema[];
}

export const isReference = (value: object): value is Reference => '$ref' in value;

/** The name of the component that a reference is to. */
export const nameOf = ({ $ref }: Schema): string => $ref?.split('/').at(-1) ?? '';
