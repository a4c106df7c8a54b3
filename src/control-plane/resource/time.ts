import { ValidateBy } from 'class-validator';

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:[Zz]|[+-](\d\d):(\d\d))$/;

/** A moment as RFC 3339 writes it: date, time, offset. Undefined for anything else, such as 30 February. */
export function parseTime(text: string): Date | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, offsetHour = 0, offsetMinute = 0] =
    RFC_3339.exec(text)
      ?.slice(1)
      .map((part: string | undefined) => Number(part ?? 0)) ?? [];
  const date = new Date(Date.UTC(year, month - 1, day));
  const isDay = month > 0 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!isDay || hour > 23 || minute > 59 || second > 59 || offsetHour > 23 || offsetMinute > 59) return undefined;
  const time = new Date(text.toUpperCase());
  return Number.isNaN(time.getTime()) ? undefined : time;
}

/** A moment, with its offset from UTC. */
export function IsTime(): PropertyDecorator {
  return ValidateBy({
    name: 'isTime',
    validator: {
      validate: (value: unknown) => typeof value === 'string' && parseTime(value) !== undefined,
      defaultMessage: () => 'must be a time as RFC 3339 has it, such as 2030-01-31T12:00:00Z',
    },
  });
}
