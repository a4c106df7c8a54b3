import { NOUNS, type Noun } from './columns.js';

/** A record of a file: `line` is its line, or in a JSON document its place in its list, from 1. */
export interface Item {
  line: number;
  noun: Noun;
  value: Record<string, unknown>;
}

/** What is wrong with a line. */
export interface BadLine {
  line: number;
  /** Undefined when it could not be told what the line is. */
  noun?: Noun | undefined;
  field: string;
  reason: string;
}

export type Found = Item | BadLine;

/** Reads a file piece by piece; `more` gets text as it comes, `end` what is left. */
export interface Reader {
  more(text: string): Found[];
  end(): Found[];
}

/** From here on the file cannot be read. */
export class Unreadable extends Error {
  constructor(
    readonly line: number,
    reason: string,
  ) {
    super(reason);
  }
}

/** Characters of one record: bounds the memory, and is more than the largest record that fields allow in any format. */
export const MAX_RECORD = 512 * 1024;

export const nounOf = (word: unknown): Noun | undefined => NOUNS.find((noun) => noun === word || `${noun}s` === word);

/** Compares what a file says at its end with what came before; a file that was cut off has no such line. */
export class Count {
  private readonly seen: Partial<Record<Noun, number>> = {};

  add(noun: Noun): void {
    this.seen[noun] = (this.seen[noun] ?? 0) + 1;
  }

  differing(said: Record<string, unknown>): Noun | undefined {
    return NOUNS.find((noun) => said[noun] !== undefined && said[noun] !== (this.seen[noun] ?? 0));
  }
}
