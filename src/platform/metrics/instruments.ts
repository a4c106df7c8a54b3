import type { Family, Labels, Sample } from './exposition.js';

/** Counts by labels. The values of labels must be few: every new combination is kept for the life of the process. */
export class Counter<Names extends string = never> {
  private readonly counts = new Map<string, { labels: Labels; value: number }>();

  constructor(
    private readonly name: string,
    private readonly help: string,
  ) {}

  add(labels: Readonly<Record<Names, string>>, by = 1): void {
    const key = keyOf(labels);
    const known = this.counts.get(key);
    if (known === undefined) this.counts.set(key, { labels: { ...labels }, value: by });
    else known.value += by;
  }

  family(): Family {
    return { name: this.name, help: this.help, type: 'counter', samples: [...this.counts.values()] };
  }
}

interface Distribution {
  labels: Labels;
  /** How many observations were at most as large as each bound but larger than the one before it; the last: all larger. */
  buckets: number[];
  sum: number;
}

/** Counts observations by size, and by labels, of which the same is true. */
export class Histogram<Names extends string = never> {
  private readonly distributions = new Map<string, Distribution>();

  constructor(
    private readonly name: string,
    private readonly help: string,
    /** Ascending. */
    private readonly bounds: readonly number[],
  ) {}

  observe(labels: Readonly<Record<Names, string>>, value: number, times = 1): void {
    const key = keyOf(labels);
    let known = this.distributions.get(key);
    if (known === undefined) {
      known = { labels: { ...labels }, buckets: Array.from({ length: this.bounds.length + 1 }, () => 0), sum: 0 };
      this.distributions.set(key, known);
    }
    const found = this.bounds.findIndex((bound) => value <= bound);
    const bucket = found < 0 ? this.bounds.length : found;
    known.buckets[bucket] = (known.buckets[bucket] ?? 0) + times;
    known.sum += value * times;
  }

  family(): Family {
    return {
      name: this.name,
      help: this.help,
      type: 'histogram',
      samples: [...this.distributions.values()].flatMap((one) => this.samplesOf(one)),
    };
  }

  /** Buckets are told cumulated. */
  private samplesOf({ labels, buckets, sum }: Distribution): Sample[] {
    let count = 0;
    const cumulated = buckets.map((some, n) => {
      const bound = this.bounds[n];
      return {
        suffix: '_bucket',
        labels: { ...labels, le: bound === undefined ? '+Inf' : String(bound) },
        value: (count += some),
      };
    });
    return [...cumulated, { suffix: '_sum', labels, value: sum }, { suffix: '_count', labels, value: count }];
  }
}

/** No label's value has this character: routes, methods and words of ours. */
const keyOf = (labels: Readonly<Record<string, string>>): string => Object.values(labels).join('\u0000');
