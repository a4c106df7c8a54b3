import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Log } from '../../platform/logging/log.js';

export interface CertificateFiles {
  /** PEM: the certificate, and those of its issuers after it. */
  cert: string;
  /** PEM: its private key. */
  key: string;
}

export interface CertificatePair {
  cert: Buffer;
  key: Buffer;
}

/** How often the files are looked at: polled, since links that are turned to another folder (as orchestrators do) are changes too. */
const LOOK_MS = 1_000;

/** The certificate of a listener, from files. */
export class Certificate {
  private readonly changed = (): void => this.renew();
  private take: (pair: CertificatePair) => void = () => undefined;

  constructor(
    private readonly files: CertificateFiles,
    private readonly log: Log,
  ) {}

  /** What the files hold; throws one sentence when it cannot be used. */
  read(): CertificatePair {
    const { cert, key } = this.files;
    try {
      const pair = { cert: readFileSync(cert), key: readFileSync(key) };
      createSecureContext(pair);
      return pair;
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      throw new Error(`The certificate ${cert} with the key ${key} cannot be used: ${cause}`, { cause: error });
    }
  }

  /** Gives every new pair from now on. One that cannot be used changes nothing: the other file may come a moment later. */
  watch(take: (pair: CertificatePair) => void): void {
    this.take = take;
    for (const file of Object.values(this.files) as string[]) {
      watchFile(file, { interval: LOOK_MS, persistent: false }, this.changed);
    }
  }

  close(): void {
    for (const file of Object.values(this.files) as string[]) unwatchFile(file, this.changed);
  }

  private renew(): void {
    try {
      this.take(this.read());
      this.log('info', 'the certificate for vLab clients was read anew', { file: this.files.cert });
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      this.log('warn', 'the new certificate for vLab clients cannot be used; the old one stays', { cause });
    }
  }
}
