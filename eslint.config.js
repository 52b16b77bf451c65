import {defineConfig} from 'eslint/config';
import tseslint from 'typescript-eslint';

const tests = ['**/*.test.ts', '**/test/**/*.ts', '**/*.crash.ts'];

export default defineConfig(
    {ignores: ['**/dist/**', '**/node_modules/**', '**/data/**', '**/coverage/**', 'test/layers-fixture/**']},
    {
        files: ['**/*.ts', 'scripts/*.mjs', 'eslint.config.js'],
        extends: [...tseslint.configs.recommendedTypeChecked],
        languageOptions: {parserOptions: {project: ['./tsconfig.json', './scripts/tsconfig.json'], tsconfigRootDir: import.meta.dirname}},
        linterOptions: {reportUnusedDisableDirectives: 'error'},
        rules: {
            'array-callback-return': 'error',
            'complexity': ['error', 12],
            'eqeqeq': 'error',
            'max-depth': ['error', 4],
            'no-constructor-return': 'error',
            'no-empty': 'error',
            'no-self-compare': 'error',
            '@typescript-eslint/consistent-type-imports': ['error', {fixStyle: 'inline-type-imports'}],
            '@typescript-eslint/no-deprecated': 'error',
            '@typescript-eslint/no-explicit-any': 'error',
            '@typescript-eslint/no-floating-promises': 'error',
            '@typescript-eslint/no-misused-promises': 'error',
            '@typescript-eslint/no-unused-vars': ['error', {argsIgnorePattern: '^_', varsIgnorePattern: '^_'}],
            '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
            '@typescript-eslint/switch-exhaustiveness-check': ['error', {considerDefaultExhaustiveForUnions: true}],
            '@typescript-eslint/use-unknown-in-catch-callback-variable': 'error',
            // Ports and adapters keep a promise's shape whether or not a method has something to wait for.
            '@typescript-eslint/require-await': 'off',
            // Errors of other people's code are passed on as they are.
            '@typescript-eslint/only-throw-error': 'off',
            '@typescript-eslint/prefer-promise-reject-errors': 'off'
        }
    },
    {
        files: ['packages/*/src/**/*.ts'],
        ignores: tests,
        rules: {
            'no-console': 'error',
            'max-lines': ['error', 250],
            // In a library, `void promise` is no owner either.
            '@typescript-eslint/no-floating-promises': ['error', {ignoreVoid: false}]
        }
    },
    {
        // Many small branches by nature: deep comparison, cloning, encoding, a list of refusals.
        files: ['packages/woltage/src/ports/{row-match,table-spec}.ts', 'packages/woltage/src/shared/{data,json-codec}.ts'],
        rules: {'complexity': ['error', 20]}
    },
    {
        files: [...tests, 'benchmarks/**/*.ts', 'packages/testing/src/**/*.ts', 'scripts/*.mjs'],
        rules: {
            '@typescript-eslint/no-unsafe-assignment': 'off',
            '@typescript-eslint/no-unsafe-member-access': 'off',
            '@typescript-eslint/no-unsafe-argument': 'off',
            '@typescript-eslint/unbound-method': 'off'
        }
    },
    {
        // Plain JavaScript without a build: parameters have no types, and node:test itself waits for its tests.
        files: ['scripts/*.mjs'],
        rules: {
            '@typescript-eslint/no-unsafe-call': 'off',
            '@typescript-eslint/no-unsafe-return': 'off',
            '@typescript-eslint/no-floating-promises': ['error', {allowForKnownSafeCalls: [{from: 'package', name: ['test'], package: 'node:test'}]}]
        }
    }
);
