const ANSWER_MS = 10_000;

/** Makes the lab's gateway resource when the API does not know it yet. The token is an admin's. */
export async function ensureGateway(api: string, token: string | undefined, name: string): Promise<void> {
  const headers = {
    'content-type': 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  const found = await ask(`${api}/gateways?name=${encodeURIComponent(name)}`, { headers });
  const gateways = (found as { gateways?: unknown[] }).gateways;
  if (!Array.isArray(gateways)) throw new Error(`${api} is not Berth's API: GET /gateways answered without a list.`);
  if (gateways.length > 0) return;
  await ask(`${api}/gateways`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ name, externalAddress: '127.0.0.1' }),
  });
}

async function ask(url: string, request: RequestInit): Promise<unknown> {
  const answer = await fetch(url, { ...request, signal: AbortSignal.timeout(ANSWER_MS) });
  const body: unknown = await answer.json().catch(() => undefined);
  if (answer.ok) return body;
  const detail = (body as { detail?: unknown } | undefined)?.detail;
  throw new Error(
    `The API answered ${answer.status} to ${request.method ?? 'GET'} ${url}: ${typeof detail === 'string' ? detail : 'no reason given'}`,
  );
}
