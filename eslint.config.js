import tseslint from 'typescript-eslint';

export default tseslint.config(
    {ignores: ['**/dist/**', '**/node_modules/**', '**/data/**', 'test/layers-fixture/**']},
    {
        files: ['**/*.ts'],
        extends: [...tseslint.configs.recommendedTypeChecked],
        languageOptions: {parserOptions: {project: ['./tsconfig.json'], tsconfigRootDir: import.meta.dirname}},
        linterOptions: {reportUnusedDisableDirectives: 'error'},
        rules: {
            'complexity': ['error', 20],
            'eqeqeq': 'error',
            'no-empty': 'error',
            'no-promise-executor-return': 'off',
            '@typescript-eslint/no-floating-promises': 'error',
            '@typescript-eslint/no-misused-promises': 'error',
            '@typescript-eslint/consistent-type-imports': ['error', {fixStyle: 'inline-type-imports'}],
            '@typescript-eslint/switch-exhaustiveness-check': ['error', {considerDefaultExhaustiveForUnions: true}],
            // Ports and adapters keep a promise's shape whether or not a method has something to wait for.
            '@typescript-eslint/require-await': 'off',
            // Errors of other people's code are passed on as they are.
            '@typescript-eslint/only-throw-error': 'off',
            '@typescript-eslint/prefer-promise-reject-errors': 'off'
        }
    },
    {
        files: ['packages/*/src/**/*.ts'],
        ignores: ['**/*.test.ts'],
        rules: {
            'no-console': 'error',
            'max-lines': ['error', 250]
        }
    },
    {
        files: ['**/*.test.ts', '**/test/**/*.ts', '**/*.crash.ts', 'benchmarks/**/*.ts', 'packages/testing/src/**/*.ts'],
        rules: {
            '@typescript-eslint/no-unsafe-assignment': 'off',
            '@typescript-eslint/no-unsafe-member-access': 'off',
            '@typescript-eslint/no-unsafe-argument': 'off',
            '@typescript-eslint/unbound-method': 'off',
            '@typescript-eslint/no-unused-vars': ['error', {argsIgnorePattern: '^_', varsIgnorePattern: '^_'}]
        }
    }
);
