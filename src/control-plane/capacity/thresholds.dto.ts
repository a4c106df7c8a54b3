import { ValidateBy } from 'class-validator';

export const MAX_THRESHOLDS = 16;

/** A list of whole percents. */
export function IsThresholds(): PropertyDecorator {
  return ValidateBy({
    name: 'isThresholds',
    validator: {
      validate: (value: unknown) =>
        Array.isArray(value) &&
        value.length <= MAX_THRESHOLDS &&
        value.every((percent) => Number.isInteger(percent) && percent >= 1 && percent <= 100),
      defaultMessage: () => `must be a list of at most ${MAX_THRESHOLDS} whole numbers from 1 to 100 (percent)`,
    },
  });
}
