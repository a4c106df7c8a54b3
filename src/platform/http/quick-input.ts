import { createRequire } from 'node:module';
import type { TransformFnParams } from 'class-transformer';
import { getMetadataStorage, ValidationTypes, type ValidationArguments } from 'class-validator';
import { JsonText } from '../json/json-text.js';
import type { InputClass } from './input.js';

type Test = (value: unknown, object: object) => boolean;

/** What the decorators of one member say. */
interface Member {
  name: string;
  /** It is looked at only when all of these hold. */
  conditions: readonly Test[];
  rules: readonly Test[];
}

/** For members that stay as they came: the one transformation that needs no class-transformer. */
export const asSent = ({ obj, key }: TransformFnParams): unknown => (obj as Record<string, unknown>)[key];

/** It keeps its notes of `Type` and `Transform` to itself; those of class-validator are public. */
const { defaultMetadataStorage: transformations } = createRequire(import.meta.url)(
  'class-transformer/cjs/storage.js',
) as {
  defaultMetadataStorage: {
    findTypeMetadata(type: InputClass, name: string): object | undefined;
    findTransformMetadatas(type: InputClass, name: string, kind: number): { transformFn: unknown }[];
  };
};
const PLAIN_TO_CLASS = 0;

const known = new WeakMap<InputClass, Map<string, Member> | null>();

/**
 * An instance of the class, when the value's members are plain ones and the rules that the class's decorators have noted
 * all hold; undefined when they may not, or it takes more to know: then class-transformer and class-validator must look,
 * which find the words for what is wrong, in thirty times the time.
 */
export function quickInput(value: object, type: InputClass): object | undefined {
  let members = known.get(type);
  if (members === undefined) known.set(type, (members = membersOf(type)));
  if (members === null) return undefined;
  const instance = new type() as Record<string, unknown>;
  for (const [name, member] of Object.entries(value) as [string, unknown][]) {
    if (!members.has(name) || !isPlain(member)) return undefined;
    instance[name] = member;
  }
  for (const { name, conditions, rules } of members.values()) {
    const member = instance[name];
    if (!conditions.every((holds) => holds(member, instance))) continue;
    if (!rules.every((holds) => holds(member, instance))) return undefined;
  }
  return instance;
}

const isScalar = (value: unknown): boolean => typeof value !== 'object' || value === null || value instanceof JsonText;
const isPlain = (value: unknown): boolean => (Array.isArray(value) ? value.every(isScalar) : isScalar(value));

/** The members of a class by name; null for one that says more of them than can be told here. */
function membersOf(type: InputClass): Map<string, Member> | null {
  const members = new Map<string, { name: string; conditions: Test[]; rules: Test[] }>();
  const storage = getMetadataStorage();
  for (const note of storage.getTargetValidationMetadatas(type, '', false, false)) {
    const name = note.propertyName;
    let member = members.get(name);
    if (member === undefined) members.set(name, (member = { name, conditions: [], rules: [] }));
    if (note.type === ValidationTypes.CONDITIONAL_VALIDATION) {
      const condition = note.constraints[0] as (object: object, value: unknown) => boolean;
      member.conditions.push((value, object) => condition(object, value));
    } else if (note.type === ValidationTypes.CUSTOM_VALIDATION && note.validateIf === undefined) {
      for (const { instance } of storage.getTargetValidatorConstraints(note.constraintCls)) {
        const holds = (value: unknown, args: ValidationArguments): boolean => instance.validate(value, args) === true;
        member.rules.push((value, object) => {
          const args = { targetName: type.name, property: name, object, value, constraints: note.constraints };
          return note.each && Array.isArray(value) ? value.every((item) => holds(item, args)) : holds(value, args);
        });
      }
    } else return null;
    const transforms = transformations.findTransformMetadatas(type, name, PLAIN_TO_CLASS);
    if (transformations.findTypeMetadata(type, name) !== undefined) return null;
    if (transforms.some(({ transformFn }) => transformFn !== asSent)) return null;
  }
  return members;
}
