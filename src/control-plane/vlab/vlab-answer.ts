/** A request as the face reads it. */
export interface VlabRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  /** By name in lower case; of several lines of one name, joined by commas. */
  headers: Readonly<Record<string, string | undefined>>;
  /** Address of the other end of the connection. */
  peer: string;
  body: Buffer;
}

export interface VlabAnswer {
  status: number;
  headers: Record<string, string | string[]>;
  body: string;
}

/** JSON of an object with its members in this order, and with names such as `__proto__`, which an object of ours would not keep. */
export const jsonObject = (members: Iterable<readonly [string, string]>): string =>
  `{${[...members].map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`;

/** What every answer but that of healthcheck is (contracts/vlab.md section 3.1). `content` is JSON text. */
export function envelope(error: string | null, content: string, params: ReadonlyMap<string, string>): string {
  const query = jsonObject([...params].map(([name, value]) => [name, JSON.stringify(value)] as const));
  return `{"error":${JSON.stringify(error)},"content":${content},"params":${query}}`;
}

/** An envelope with a Content-Type and nothing else to say. */
export const failure = (status: number, error: string, headers: VlabAnswer['headers'] = {}): VlabAnswer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: envelope(error, '{}', new Map()),
});
