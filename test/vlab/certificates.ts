import { execFile } from 'node:child_process';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Pair {
  cert: string;
  key: string;
}

/** A new self-signed certificate and its key in a folder, as gateways of vLab have them; over the old ones, if there are. */
export async function selfSign(folder: string, name: string): Promise<Pair> {
  const pair = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  const fresh = { cert: `${pair.cert}.new`, key: `${pair.key}.new` };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', fresh.key];
  await run('openssl', ['req', '-x509', ...key, '-out', fresh.cert, '-days', '2', '-subj', `/CN=${name}`]);
  await rename(fresh.key, pair.key);
  await rename(fresh.cert, pair.cert);
  return pair;
}

export const readPair = async ({ cert, key }: Pair): Promise<{ cert: Buffer; key: Buffer }> => ({
  cert: await readFile(cert),
  key: await readFile(key),
});
