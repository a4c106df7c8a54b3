import { nameOf, type Header, type Operation, type Reference, type Response, type Schema } from './document.js';

/** The headers that answers have beyond those of HTTP itself. */
export const HEADERS: Record<string, Header> = {
  ETag: {
    description: 'The version of the resource, for If-Match and If-None-Match (RFC 9110 section 8.8.3).',
    schema: { type: 'string', example: '"3"' },
  },
  Location: {
    description:
      'Path of the resource that was made or changed, or of the collection that one was deleted from (RFC 9110 section 10.2.2).',
    schema: { type: 'string', example: '/components/0192f0c1-7a3e-7c11-9d0a-3b5f6c7d8e9f' },
  },
  Link: {
    description:
      'The path of the next page as `rel="next"` (RFC 8288); absent on the last page. It holds the same cursor as `next` of the body.',
    schema: { type: 'string', example: '</components?limit=2&cursor=WyIwMTkyZjBjMSJd>; rel="next"' },
  },
  'Retry-After': {
    description: 'Seconds to wait before trying again (RFC 9110 section 10.2.3).',
    schema: { type: 'string', example: '1' },
  },
  'WWW-Authenticate': {
    description: 'How to authenticate (RFC 6750 section 3).',
    schema: { type: 'string', example: 'Bearer realm="berth"' },
  },
};

/** Which of them an answer has: told by what the operation reads and by what the answer holds. */
export function headersOf(
  method: string,
  status: string,
  operation: Operation,
  response: Response,
  schemas: Readonly<Record<string, Schema>>,
): Record<string, Reference> {
  const content = Object.values(response.content ?? {})[0]?.schema ?? {};
  const properties = (content.$ref === undefined ? content : schemas[nameOf(content)])?.properties ?? {};
  const reads = (name: string): boolean =>
    (operation.parameters ?? []).some((parameter) => parameter.in !== 'path' && parameter.name === name);
  const versioned = 'version' in properties && (status === '201' || reads('If-Match') || reads('If-None-Match'));
  const names = [
    ...(versioned || status === '304' ? ['ETag'] : []),
    ...(status === '201' ||
    (status === '200' && versioned && method !== 'get') ||
    (status === '204' && method === 'delete')
      ? ['Location']
      : []),
    ...(method === 'get' && 'next' in properties && reads('cursor') ? ['Link'] : []),
    ...(status === '429' || status === '503' ? ['Retry-After'] : []),
    ...(status === '401' ? ['WWW-Authenticate'] : []),
  ];
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
