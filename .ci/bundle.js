/**
 * Bundles what tsc made into `dist/run`: one CommonJS file for what every start needs, further ones for what single
 * commands need, since that starts fastest: Node reads few files, and nothing that the command does not use.
 */
import { rolldown } from 'rolldown'

/** Commander loads it for programs of its own that we have none of: it would be the slowest thing in a start. */
const withoutPrograms = {
  name: 'without-programs',
  resolveId: (id, importer) =>
    id === 'node:child_process' && importer?.includes('commander') ? '\0no-programs' : null,
  load: (id) => (id === '\0no-programs' ? 'module.exports = {}' : null),
}

const bundle = await rolldown({
  input: 'dist/src/main.js',
  platform: 'node',
  external: [/^@inquirer\//, 'selfsigned'],
  transform: { target: 'node20', define: { sockpitVersion: `'${process.env.npm_package_version}'` } },
  plugins: [withoutPrograms],
})
await bundle.write({
  dir: 'dist/run',
  format: 'cjs',
  entryFileNames: '[name].cjs',
  chunkFileNames: '[name].cjs',
  minify: { mangle: false, compress: true },
  comments: false,
  // From file to file every call goes through a getter: between the parts that see each frame, that takes a fifth of
  // the messages a second.
  codeSplitting: { groups: [{ name: 'wire', test: /\/src\/wire\// }] },
})
await bundle.close()
