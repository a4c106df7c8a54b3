import { mkdir, open, readdir, readFile, rename, stat, unlink, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

/** Where delivery is: everything before it is acknowledged. */
export interface Cursor {
  segment: number;
  offset: number;
}

interface Segment {
  number: number;
  /** Bytes written. */
  size: number;
}

const NAME = /^(\d{12})\.log$/;
const SYNC_EVERY_MS = 1_000;
const LARGEST_SEGMENT = 16 * 1024 * 1024;
const NEWLINE = 10;

/**
 * A queue of lines on disk: segments that are only appended to, and a cursor. A line is written at once (many share one
 * write) and synchronised within a second, so a killed process loses only what it had not written, and a machine without
 * power one second. Beyond `maxBytes` the oldest segment is dropped, and its undelivered lines are counted.
 * One process may use a directory.
 */
export class Spool {
  /** Lines that were dropped for want of space since the process began. */
  dropped = 0;
  private waiting: string[] = [];
  private waitingBytes = 0;
  private flushing: Promise<void> | undefined;
  private file: FileHandle | undefined;
  private syncedAt = 0;
  private readonly segmentBytes: number;

  private constructor(
    private readonly directory: string,
    private readonly maxBytes: number,
    private readonly segments: Segment[],
    private cursor: Cursor,
    private readonly onChange: () => void,
  ) {
    this.segmentBytes = Math.min(LARGEST_SEGMENT, Math.ceil(maxBytes / 8));
  }

  /** `onChange` is called when there is more to read. Throws when the directory cannot be made or read. */
  static async open(directory: string, maxBytes: number, onChange: () => void = () => undefined): Promise<Spool> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const segments: Segment[] = [];
    for (const name of (await readdir(directory)).sort()) {
      const number = Number(NAME.exec(name)?.[1] ?? NaN);
      if (!Number.isNaN(number)) segments.push({ number, size: (await stat(join(directory, name))).size });
    }
    const first = segments[0]?.number ?? 1;
    const cursor = await readCursor(join(directory, 'cursor.json'));
    const known = cursor !== undefined && cursor.segment >= first ? cursor : { segment: first, offset: 0 };
    // A new segment each time: what a killed process left half-written stays the end of its own.
    segments.push({ number: Math.max(known.segment, segments.at(-1)?.number ?? 0) + 1, size: 0 });
    const spool = new Spool(directory, maxBytes, segments, known, onChange);
    spool.file = await open(spool.path(spool.last), 'a', 0o600);
    await spool.bound();
    return spool;
  }

  /** Bytes that are not on disk yet: whoever appends should stop for a while when they are many. */
  get pending(): number {
    return this.waitingBytes;
  }

  /** Takes a line, without its newline. The disk being full or away is told by `flush`. */
  append(line: string): void {
    this.waiting.push(line);
    this.waitingBytes += line.length;
  }

  /** Writes what was appended; while one write is under way, one more is all that follows. */
  flush(): Promise<void> {
    this.flushing ??= this.write().finally(() => (this.flushing = undefined));
    return this.flushing;
  }

  /** The next whole lines, up to about `bytes`, and where they end; undefined when all is delivered. */
  async read(bytes: number): Promise<{ lines: string[]; next: Cursor } | undefined> {
    for (;;) {
      const segment = this.segments.find(({ number }) => number >= this.cursor.segment);
      if (segment === undefined) return undefined;
      if (segment.number !== this.cursor.segment) this.cursor = { segment: segment.number, offset: 0 };
      const { offset } = this.cursor;
      const buffer = await readPart(this.path(segment), offset, Math.min(bytes, segment.size - offset));
      const end = buffer.lastIndexOf(NEWLINE) + 1;
      if (end > 0) {
        const lines = buffer.toString('utf8', 0, end - 1).split('\n');
        return { lines, next: { segment: segment.number, offset: offset + end } };
      }
      if (segment === this.last) return undefined;
      // Delivered to its end, but for a line that was never whole.
      this.cursor = { segment: segment.number + 1, offset: 0 };
      await this.forget(segment);
    }
  }

  /** Everything up to there is acknowledged. Made durable by a rename: it is the old cursor or the new one. */
  async commit(next: Cursor): Promise<void> {
    if (next.segment >= this.cursor.segment) this.cursor = next;
    const path = join(this.directory, 'cursor.json');
    await writeFile(`${path}.new`, JSON.stringify(this.cursor), { mode: 0o600 });
    await rename(`${path}.new`, path);
  }

  async close(): Promise<void> {
    await this.flush();
    await this.file?.datasync();
    await this.file?.close();
  }

  private get last(): Segment {
    const segment = this.segments.at(-1);
    if (segment === undefined) throw new Error('a spool has a segment');
    return segment;
  }

  private path({ number }: Segment): string {
    return join(this.directory, `${String(number).padStart(12, '0')}.log`);
  }

  private async write(): Promise<void> {
    while (this.waiting.length > 0) {
      // More is appended while this is written.
      const lines = this.waiting.slice();
      const text = Buffer.from(`${lines.join('\n')}\n`);
      await this.file?.appendFile(text);
      // Only now: what the disk did not take is tried again.
      this.waiting = this.waiting.slice(lines.length);
      this.waitingBytes = this.waiting.reduce((sum, line) => sum + line.length, 0);
      this.last.size += text.length;
      if (Date.now() - this.syncedAt >= SYNC_EVERY_MS) {
        this.syncedAt = Date.now();
        await this.file?.datasync();
      }
      if (this.last.size >= this.segmentBytes) await this.turn();
      this.onChange();
    }
  }

  private async turn(): Promise<void> {
    await this.file?.datasync();
    await this.file?.close();
    this.segments.push({ number: this.last.number + 1, size: 0 });
    this.file = await open(this.path(this.last), 'a', 0o600);
    await this.bound();
  }

  private async bound(): Promise<void> {
    const size = (): number => this.segments.reduce((sum, segment) => sum + segment.size, 0);
    while (this.segments.length > 1 && size() > this.maxBytes - this.segmentBytes) {
      const [oldest] = this.segments;
      if (oldest === undefined) return;
      if (oldest.number >= this.cursor.segment) {
        const from = oldest.number === this.cursor.segment ? this.cursor.offset : 0;
        const lost = await readPart(this.path(oldest), from, oldest.size - from);
        for (const byte of lost) if (byte === NEWLINE) this.dropped++;
        this.cursor = { segment: oldest.number + 1, offset: 0 };
      }
      await this.forget(oldest);
    }
  }

  private async forget(segment: Segment): Promise<void> {
    const index = this.segments.indexOf(segment);
    if (index >= 0) this.segments.splice(index, 1);
    await unlink(this.path(segment)).catch(() => undefined);
  }
}

async function readCursor(path: string): Promise<Cursor | undefined> {
  try {
    const { segment, offset } = JSON.parse(await readFile(path, 'utf8')) as Cursor;
    return Number.isSafeInteger(segment) && Number.isSafeInteger(offset) ? { segment, offset } : undefined;
  } catch {
    // There is none yet, or it is damaged: what is there is delivered from the start, some of it twice.
    return undefined;
  }
}

async function readPart(path: string, offset: number, length: number): Promise<Buffer> {
  if (length <= 0) return Buffer.alloc(0);
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
