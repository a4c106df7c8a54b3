import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';
import { readPair, type Pair } from './certificates.js';

/** The main server of vLab as far as Berth asks it: it gives the key of its tokens and says which of them are live. */
export class MainServer {
  url = '';
  /** Every request, as method and path. */
  readonly asked: string[] = [];
  /** Answers 503 to everything. */
  isDown = false;
  readonly deleted = new Set<string>();
  private signing = newKey();

  private constructor(private readonly server: Server) {}

  static async start(pair: Pair, port = 0): Promise<MainServer> {
    const server = createServer(await readPair(pair));
    const main = new MainServer(server);
    server.on('request', (request, response) => {
      main.asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
      const [status, content] = main.answer(request.url ?? '', request.headers['x-auth']?.toString());
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: null, content, params: {} }));
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    main.url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return main;
  }

  private answer(path: string, token: string | undefined): [number, object] {
    if (this.isDown) return [503, {}];
    if (path === '/api/1/auth/key') {
      const key = this.signing.publicKey.export({ type: 'spki', format: 'pem' });
      return [200, { key, algorithm: 'RS256', format: 'pem' }];
    }
    if (path !== '/api/2/auth/token') return [404, {}];
    return token === undefined ? [400, {}] : [this.deleted.has(token) ? 404 : 200, {}];
  }

  /** From now on tokens are signed with another key. */
  rotate(): void {
    this.signing = newKey();
  }

  /** A token as the auth service makes them; what is undefined is left out. */
  token(claims: Record<string, unknown> = {}, key = this.signing.privateKey, alg = 'RS256'): Promise<string> {
    const now = Date.now() / 1000;
    const all = {
      ...{ exp: now + 3600.25, iat: now - 0.5, iss: this.url, username: 'alice', version: 2 },
      ...{ client_ip: '127.0.0.1', email: 'alice@vlab.example', ...claims },
    };
    return new SignJWT(JSON.parse(JSON.stringify(all)) as Record<string, unknown>)
      .setProtectedHeader({ alg, typ: 'JWT' })
      .sign(key);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    const closed = once(this.server, 'close');
    this.server.close();
    await closed;
  }
}

const newKey = (): { publicKey: KeyObject; privateKey: KeyObject } =>
  generateKeyPairSync('rsa', { modulusLength: 2048 });
