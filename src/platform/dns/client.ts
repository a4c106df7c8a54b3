import { randomInt } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { decodeMessage, encodeMessage, MalformedMessage, RCODE, type Message } from './message.js';
import { sameName } from './name.js';
import { NoAnswer, overTcp, overUdp, type Endpoint, type Patience } from './transport.js';
import { signMessage, TsigError, verifyAnswer, type Signed, type TsigKey } from './tsig.js';
import { queryMessage, updateMessage, type RecordType, type Update } from './update.js';

/** Longer requests go over TCP at once (RFC 1035 section 4.2.1; we speak no EDNS). */
const LONGEST_DATAGRAM = 512;

export interface DnsServer {
  /** Name or address. */
  host: string;
  port: number;
}

/**
 * `away`: no answer, or none that could be believed; it may be another time. `key`: the server does not take our signature.
 * `refused`: the server understood and says no, with `rcode`.
 */
export class DnsError extends Error {
  override readonly name = 'DnsError';

  constructor(
    readonly reason: 'away' | 'key' | 'refused',
    message: string,
    readonly rcode?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export interface DnsClientOptions extends Patience {
  /** Addresses of a name; a test's own. */
  resolve: (host: string) => Promise<string[]>;
  /** Milliseconds since 1970. */
  now: () => number;
}

const DEFAULTS: DnsClientOptions = {
  tries: 3,
  timeoutMs: 1_500,
  resolve: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
  now: () => Date.now(),
};

/** What a server says no with (RFC 1035 section 4.1.1, RFC 2136 section 2.2), for people. */
const WORDS: Readonly<Record<number, string>> = {
  1: 'it does not understand the message (FORMERR)',
  2: 'it failed (SERVFAIL)',
  3: 'there is no such name (NXDOMAIN)',
  4: 'it does not do updates (NOTIMP)',
  5: 'it does not allow that: give the key the right to update the zone (REFUSED)',
  6: 'the name is in use already (YXDOMAIN)',
  7: 'there are such records already (YXRRSET)',
  8: 'the records are not there (NXRRSET)',
  9: 'it is not the primary server of the zone, or does not know the key (NOTAUTH)',
  10: 'the name does not lie in the zone (NOTZONE)',
};

/**
 * Speaks to one DNS server, signed with a key if there is one, and believes only answers signed with the same. The server's
 * name is looked up once, and again after no address of it has answered. Every call ends, by default in 11 s an address.
 */
export class DnsClient {
  private readonly options: DnsClientOptions;
  private addresses: readonly string[] | undefined;

  constructor(
    private readonly server: DnsServer,
    private readonly key: TsigKey | undefined,
    options: Partial<DnsClientOptions> = {},
  ) {
    this.options = { ...DEFAULTS, ...options };
  }

  /** Resolves when the server has made the changes. Throws `DnsError`. */
  async update(update: Update): Promise<void> {
    const { rcode } = await this.request(updateMessage(randomInt(0x10000), update));
    if (rcode !== RCODE.NOERROR) throw this.refusal(rcode);
  }

  /** The server's answer, which may be that there is no such name. Throws `DnsError`. */
  async query(name: string, type: RecordType): Promise<Message> {
    const answer = await this.request(queryMessage(randomInt(0x10000), name, type));
    if (answer.rcode !== RCODE.NOERROR && answer.rcode !== RCODE.NXDOMAIN) throw this.refusal(answer.rcode);
    return answer;
  }

  private refusal(rcode: number): DnsError {
    return new DnsError('refused', `${this.server.host} refused: ${WORDS[rcode] ?? `response code ${rcode}`}`, rcode);
  }

  private async request(message: Message): Promise<Message> {
    this.addresses ??= await this.resolve();
    let problem: unknown;
    for (const address of this.addresses) {
      try {
        return await this.ask({ address, port: this.server.port }, message);
      } catch (error) {
        if (error instanceof TsigError && error.told) {
          throw new DnsError('key', `${this.server.host}: ${error.message}`, undefined, { cause: error });
        }
        if (!(error instanceof NoAnswer) && !(error instanceof TsigError)) throw error;
        problem = error;
      }
    }
    this.addresses = undefined;
    const words = problem instanceof Error ? problem.message : 'it has no address';
    throw new DnsError('away', `${this.server.host}: ${words}`, undefined, { cause: problem });
  }

  private async resolve(): Promise<readonly string[]> {
    const { host } = this.server;
    if (isIP(host) !== 0) return [host];
    try {
      return await this.options.resolve(host);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      throw new DnsError('away', `the address of the DNS server ${host} cannot be found: ${words}`, undefined, {
        cause: error,
      });
    }
  }

  /**
   * What has another id, is not an answer, or has a signature that is not the server's is passed over, since anybody may
   * have sent it; should nothing better come, the reason is told in place of "no answer".
   */
  private async ask(at: Endpoint, message: Message): Promise<Message> {
    const { key, options } = this;
    const { bytes, mac } = key === undefined ? unsigned(message) : signMessage(message, key, this.seconds());
    let doubt: TsigError | undefined;
    const accept = (received: Uint8Array): Message | undefined => {
      try {
        const answer = decodeMessage(received);
        if (!answers(message, answer)) return undefined;
        if (key !== undefined) verifyAnswer(received, key, mac, this.seconds());
        return answer;
      } catch (error) {
        if (error instanceof MalformedMessage) return undefined;
        if (!(error instanceof TsigError) || error.told) throw error;
        doubt = error;
        return undefined;
      }
    };
    try {
      if (bytes.length <= LONGEST_DATAGRAM) {
        // A cut answer is often cut before its signature: it is only taken as the reason to ask over TCP.
        const answer = await overUdp(
          at,
          bytes,
          (received) => cutAnswer(message, received) ?? accept(received),
          options,
        );
        if (!answer.flags.truncated) return answer;
      }
      return await overTcp(at, bytes, accept, options.timeoutMs * options.tries);
    } catch (error) {
      throw error instanceof NoAnswer && doubt !== undefined ? doubt : error;
    }
  }

  private seconds(): number {
    return Math.floor(this.options.now() / 1_000);
  }
}

const unsigned = (message: Message): Signed => ({ bytes: encodeMessage(message), mac: new Uint8Array() });

/** A server that could not read the question leaves it out. */
function answers(request: Message, answer: Message): boolean {
  const [asked] = request.question;
  const [said = asked] = answer.question;
  const same = asked !== undefined && said !== undefined && sameName(asked.name, said.name) && asked.type === said.type;
  return answer.flags.response && answer.id === request.id && answer.opcode === request.opcode && same;
}

function cutAnswer(request: Message, received: Uint8Array): Message | undefined {
  // Only the head is certain to be whole.
  if (received.length < 12) return undefined;
  const head = Buffer.from(received.subarray(0, 12)).fill(0, 4);
  const answer = decodeMessage(head);
  return answer.flags.truncated && answers(request, answer) ? answer : undefined;
}
