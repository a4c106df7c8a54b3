import js from '@eslint/js';
import globals from 'globals';
import tseslint from 'typescript-eslint';

/**
 * The house rules, as lint: who may import whom, who may read the environment, who may start processes.
 * See docs/architecture.md.
 */
const halves = {
  controlPlane: { regex: '^(\\.\\./)+control-plane/', message: 'The control plane is reached through contract/ only.' },
  gateway: { regex: '^(\\.\\./)+gateway/', message: 'The gateway is reached through contract/ only.' },
  cli: { regex: '^(\\.\\./)+cli/', message: 'The CLI is a client: nothing imports it.' },
  up: { regex: '^(\\.\\./)+(up|demo)/', message: 'up/ and demo/ start the parts; no part imports them.' },
};
const forbid = (files, ...patterns) => ({
  files,
  ignores: ['**/*.spec.ts'],
  rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] },
});
const childProcess = {
  regex: '^(node:)?child_process$',
  message: "Only gateway/firewall, up/, demo/ and the CLI's launcher start processes.",
};

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', '.berth/**', 'src/cli/client/schema.ts', 'coverage/**'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/consistent-type-imports': 'off',
      // DTO and entity classes have no behaviour: a literal of their shape is one, and cheaper to make.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true, argsIgnorePattern: '^_' }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only platform/config reads the environment.' },
      ],
    },
  },
  forbid(['src/control-plane/**/*.ts'], halves.gateway, halves.cli, halves.up, childProcess),
  forbid(['src/gateway/**/*.ts'], halves.controlPlane, halves.cli, halves.up, childProcess),
  forbid(['src/gateway/firewall/**/*.ts'], halves.controlPlane, halves.cli, halves.up),
  forbid(['src/cli/**/*.ts'], halves.controlPlane, halves.gateway, halves.up),
  forbid(
    ['src/contract/**/*.ts', 'src/ip/**/*.ts', 'src/platform/**/*.ts'],
    halves.controlPlane,
    halves.gateway,
    halves.cli,
    halves.up,
    childProcess,
  ),
  { files: ['docs/examples/**/*.ts'], rules: { 'no-console': 'off', 'no-restricted-properties': 'off' } },
  { files: ['src/platform/config/**/*.ts', 'test/**/*.ts', '**/*.mjs'], rules: { 'no-restricted-properties': 'off' } },
  { files: ['src/cli/**/*.ts', 'src/demo/**/*.ts', 'src/up/**/*.ts', 'src/main.ts'], rules: { 'no-console': 'off' } },
  {
    files: ['**/*.spec.ts', 'test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/require-await': 'off',
      // answers of the API are JSON of any shape until an expectation has looked at them
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: { globals: globals.node },
  },
);
