// The import ladder (docs/architecture.md): a package imports only packages above it, and only those named here.
const ladder = {
  core: [],
  runtime: ['core'],
  data: ['core'],
  augment: ['core'],
  jit: ['core'],
  losses: ['core'],
  students: ['core', 'runtime', 'jit'],
  'teacher-bert': ['core', 'data', 'jit', 'losses'],
  trainer: ['core', 'runtime', 'data', 'augment', 'jit', 'losses', 'students', 'teacher-bert'],
}
const steps = Object.entries(ladder).map(([name, allowed]) => ({
  name: `ladder-${name}`,
  comment: `@kd/${name} may import ${allowed.length ? allowed.map((other) => `@kd/${other}`).join(', ') : 'no package of this repository'}`,
  severity: 'error',
  from: { path: `^packages/${name}/src/` },
  to: {
    path: '(^|/)packages/|^(models|examples|integrations|benchmarks|tools)/',
    pathNot: `(^|/)packages/(${[name, ...allowed].join('|')})/`,
  },
}))

module.exports = {
  forbidden: [
    ...steps,
    {
      name: 'declared-dependencies',
      comment: 'what a package imports stands in its own package.json, or users lack it',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/' },
      // An optional peer is installed for the tests, too.
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev', 'unknown'], dependencyTypesNot: ['npm-peer'] },
    },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'tensorflow-stays-out',
      comment: 'core, runtime, data and augment never load TensorFlow.js',
      severity: 'error',
      from: { path: '^packages/(core|runtime|data|augment)/src/' },
      to: { path: '@tensorflow/' },
    },
    {
      name: 'onnxruntime-only-in-jit',
      comment: 'no package but jit touches ONNX Runtime',
      severity: 'error',
      from: { path: '^packages/', pathNot: '^packages/jit/' },
      to: { path: 'onnxruntime-' },
    },
    {
      name: 'examples-use-packages-as-a-user',
      severity: 'error',
      from: { path: '^examples/' },
      to: { path: '(^|/)packages/[^/]+/src/', pathNot: '(^|/)packages/[^/]+/src/(index|node|test|hub|metrics|onnx|three)\\.ts$' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.base.json' },
    tsPreCompilationDeps: true,
    exclude: { path: '(^(packages|examples|integrations|benchmarks)/.*dist/|^examples/[^/]+/out/|\\.test\\.ts$)' },
    doNotFollow: { path: 'node_modules/' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['@kd/source', 'import', 'node', 'default'] },
  },
}
