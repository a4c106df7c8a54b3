import { lookup } from 'node:dns';
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { WebhookAllowance } from '../../platform/config/setting.js';
import { invalidField } from '../../platform/problem/problem.js';
import { refusal } from './address-guard.js';
import { retryAfter } from './schedule.js';

/** So much of an answer is read, for the connection's sake; its content does not matter. */
const ANSWER_BYTES = 64 * 1024;
const MAX_IDLE_SOCKETS = 8;

/** How an attempt went: delivered (2xx), or not, and why. */
export interface Outcome {
  delivered: boolean;
  status: number | null;
  error: string | null;
  /** Milliseconds that the receiver asked us to wait. */
  retryAfter?: number;
}

export interface Message {
  url: string;
  headers: Record<string, string>;
  body: string;
}

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');
const failed = (error: string): Outcome => ({ delivered: false, status: null, error });

/**
 * Sends messages, and connects only to addresses that may be connected to: it resolves names itself, checks every address
 * there is, and connects to those that it checked and to no other, so that no second answer of DNS can lead elsewhere.
 * Host and the name in the certificate stay those of the URL. Redirects are not followed; proxies of the environment are
 * not used (these agents know none).
 */
export class Receiver {
  private readonly lookup: LookupFunction = (host, options, callback) => {
    lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const refused = addresses.map(({ address }) => refusal(address, this.allowed)).find((why) => why !== undefined);
      const [first] = addresses;
      if (refused !== undefined) callback(new Error(refused), []);
      else if (first === undefined) callback(new Error(`${host} has no address`), []);
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
  private readonly agents = {
    'http:': new HttpAgent({ keepAlive: true, maxFreeSockets: MAX_IDLE_SOCKETS, lookup: this.lookup }),
    'https:': new HttpsAgent({ keepAlive: true, maxFreeSockets: MAX_IDLE_SOCKETS, lookup: this.lookup }),
  };

  constructor(
    private readonly allowed: ReadonlySet<WebhookAllowance>,
    private readonly timeoutMs: number,
  ) {}

  /** The URL as it is kept; throws `invalid-field` for one that nothing may be sent to. */
  checkedUrl(text: string): string {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
      throw invalidField('url', 'must be an https URL such as https://receiver.example/berth');
    }
    if (url.protocol === 'http:' && !this.allowed.has('http')) {
      throw invalidField('url', 'must be https: WEBHOOKS_ALLOW does not have http');
    }
    if (url.username !== '' || url.password !== '') {
      throw invalidField('url', 'must not have a user or a password: receivers check the signature');
    }
    const why = isIP(hostOf(url)) === 0 ? undefined : refusal(hostOf(url), this.allowed);
    if (why !== undefined) throw invalidField('url', why);
    url.hash = '';
    return url.href;
  }

  /** One attempt; never throws. */
  async send(message: Message, stop?: AbortSignal): Promise<Outcome> {
    const url = new URL(message.url);
    // No look-up is made for an address; and the settings may have changed since the URL was checked.
    const why = isIP(hostOf(url)) === 0 ? undefined : refusal(hostOf(url), this.allowed);
    if (why !== undefined) return failed(why);
    if (url.protocol === 'http:' && !this.allowed.has('http')) return failed('WEBHOOKS_ALLOW does not have http');
    const deadline = AbortSignal.timeout(this.timeoutMs);
    const signal = stop === undefined ? deadline : AbortSignal.any([deadline, stop]);
    try {
      return await this.attempt(url, message, signal);
    } catch (error) {
      if (deadline.aborted) return failed(`no answer within ${this.timeoutMs / 1000} s`);
      return failed(error instanceof Error ? error.message.slice(0, 500) : String(error));
    }
  }

  private async attempt(url: URL, message: Message, signal: AbortSignal): Promise<Outcome> {
    for (let again = false; ; again = true) {
      let sent: ClientRequest | undefined;
      try {
        return outcomeOf(await this.exchange(url, message, signal, (request) => (sent = request)));
      } catch (error) {
        // The receiver closed a kept connection just as it was used again: not its refusal (Node.js, request.reusedSocket).
        const reset = error instanceof Error && 'code' in error && error.code === 'ECONNRESET';
        if (again || !reset || sent?.reusedSocket !== true) throw error;
      }
    }
  }

  private exchange(
    url: URL,
    { headers, body }: Message,
    signal: AbortSignal,
    begun: (request: ClientRequest) => void,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const secure = url.protocol === 'https:';
      const length = { 'content-length': String(Buffer.byteLength(body)) };
      const options = { method: 'POST', headers: { ...headers, ...length }, signal };
      const request = secure
        ? httpsRequest(url, { ...options, agent: this.agents['https:'] })
        : httpRequest(url, { ...options, agent: this.agents['http:'] });
      begun(request);
      request.on('error', reject);
      request.on('response', (response) => {
        let bytes = 0;
        response.on('error', () => undefined); // the status has come: what becomes of the rest does not matter
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > ANSWER_BYTES) response.destroy();
        });
        resolve(response);
      });
      request.end(body);
    });
  }

  close(): void {
    this.agents['http:'].destroy();
    this.agents['https:'].destroy();
  }
}

function outcomeOf({ statusCode = 0, headers }: IncomingMessage): Outcome {
  if (statusCode >= 200 && statusCode < 300) return { delivered: true, status: statusCode, error: null };
  const redirect = statusCode >= 300 && statusCode < 400 ? ', and redirects are not followed' : '';
  const wait = retryAfter(headers['retry-after'], Date.now());
  const error = `the receiver answered ${statusCode}${redirect}`;
  return { delivered: false, status: statusCode, error, ...(wait === undefined ? {} : { retryAfter: wait }) };
}
