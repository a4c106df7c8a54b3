/**
 * Redocly's rules for the OpenAPI document: all of its strict set, and of the others each that says something about how well
 * a generated client can be used.
 */
export const REDOCLY_RULES = {
  'no-ambiguous-paths': 'off', // `/reservations/bulk` beside `/reservations/{id}`: an id is never a word
  'no-invalid-schema-examples': 'error',
  'no-invalid-parameter-examples': 'error',
  'no-http-verbs-in-paths': 'error',
  'no-required-schema-properties-undefined': 'error',
  'operation-description': 'error',
  'operation-4xx-problem-details-rfc7807': 'off', // does not look into allOf; lint.test.ts asks for more
  'operation-tag-defined': 'error',
  'operation-singular-tag': 'error',
  'parameter-description': 'error',
  'array-parameter-serialization': 'off', // the default (form, exploded) is what Berth reads: `tag=a&tag=b`
  'component-name-unique': 'off', // an example has the name of the schema that it is of
  'info-contact': 'off', // whoever runs Berth is whom to ask
  'path-excludes-patterns': 'off', // no pattern is excluded
  'path-http-verbs-order': { severity: 'error', order: ['get', 'post', 'patch', 'put', 'delete'] },
  'path-params-defined': 'error',
  'path-segment-plural': 'off', // `/me`, `/export`, `/health/live` are no collections
  'paths-kebab-case': 'error',
  'required-string-property-missing-min-length': 'off', // a name may be empty: the contract of RackHD has it so
  'scalar-property-missing-example': 'off', // documents have an example as a whole
  'spec-strict-refs': 'error',
  'spec-components-invalid-map-name': 'error',
  'tags-alphabetical': 'off', // in the order in which a reader wants them
  'no-unused-components': 'off', // one example a code of the closed set, also of those that no route has yet
} as const;
