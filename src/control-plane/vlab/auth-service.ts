import { createHash } from 'node:crypto';
import { request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import { noSession, VlabRefusal } from './vlab-refusal.js';

const TIMEOUT_MS = 3_000;
const MAX_ANSWER = 64 * 1024;
/** How long the auth service's word on a token counts. */
const LIVE_MS = 30_000;
const MAX_LIVE = 10_000;

export interface AuthServiceSettings {
  /** Where it gives its key. */
  keyUrl: string;
  /** Where it says whether a token is live. */
  tokenUrl: string;
  /** False: its certificate is not looked at. */
  checkCertificate: boolean;
  /** Whether tokens are looked up there, and what counts while it is away. */
  revocation: 'off' | 'allow' | 'refuse';
}

/** What Berth asks of the vLab main server (contracts/vlab.md section 4). */
export class AuthService {
  /** Hashes of tokens that it said to be live, until when; the oldest first. */
  private readonly live = new Map<string, number>();

  constructor(private readonly settings: AuthServiceSettings) {}

  /** Its key; rejects when it cannot be had. */
  async key(): Promise<{ key: string; algorithm: string }> {
    const { status, text } = await this.get(this.settings.keyUrl);
    if (status !== 200) throw new Error(`the vLab auth service answers ${status} to ${this.settings.keyUrl}`);
    const { content } = JSON.parse(text) as { content?: { key?: unknown; algorithm?: unknown } | null };
    const { key, algorithm } = content ?? {};
    if (typeof key !== 'string' || key === '' || typeof algorithm !== 'string') {
      throw new Error('the vLab auth service answers without a key and its algorithm');
    }
    return { key, algorithm };
  }

  /** Throws when the token was deleted at the auth service; a word of the service counts for 30 s. */
  async requireLive(token: string): Promise<void> {
    const { revocation, tokenUrl } = this.settings;
    if (revocation === 'off') return;
    const name = createHash('sha256').update(token).digest('base64');
    if (Date.now() < (this.live.get(name) ?? 0)) return;
    const answer = await this.get(tokenUrl, { 'x-auth': token }).catch((error: unknown) => error);
    const status = answer instanceof Object && 'status' in answer ? answer.status : undefined;
    if (status === 404) throw noSession();
    if (status !== 200 && revocation === 'refuse') {
      const cause = answer instanceof Error ? answer : new Error(`it answers ${String(status)}`);
      throw new VlabRefusal(500, 'The vLab auth service cannot say now whether this token is live. Try again.', {
        cause,
      });
    }
    if (status !== 200) return;
    this.live.delete(name);
    this.live.set(name, Date.now() + LIVE_MS);
    const [oldest] = this.live.keys();
    if (this.live.size > MAX_LIVE && oldest !== undefined) this.live.delete(oldest);
  }

  /** Not `fetch`: that has no way to accept the self-signed certificates which vLab servers in test have. */
  private get(url: string, headers: Record<string, string> = {}): Promise<{ status: number; text: string }> {
    const send = url.startsWith('https:') ? overHttps : overHttp;
    const options = { headers, agent: false, rejectUnauthorized: this.settings.checkCertificate };
    return new Promise((resolve, reject) => {
      const request = send(url, { ...options, signal: AbortSignal.timeout(TIMEOUT_MS) }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (piece: string) => {
          text += piece;
          if (text.length > MAX_ANSWER) request.destroy(new Error('the vLab auth service answers with too much'));
        });
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      request.on('error', reject);
      request.end();
    });
  }
}
