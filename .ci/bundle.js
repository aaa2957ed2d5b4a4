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

/**
 * What one file has of another it has by a getter, which between the parts that see each frame takes a fifth of the
 * messages a second. No file is used before it has run whole, and nothing is exported that changes: values will do.
 */
const plainExports = {
  name: 'plain-exports',
  generateBundle(_, files) {
    for (const file of Object.values(files)) {
      file.code = file.code?.replace(
        /Object\.defineProperty\(exports,([`'"])(\w+)\1,\{enumerable:!0,get:function\(\)\{return ([\w$]+)\}\}\)/g,
        'exports.$2=$3',
      )
    }
  },
}

const bundle = await rolldown({
  input: 'dist/src/main.js',
  platform: 'node',
  external: [/^@inquirer\//, 'selfsigned'],
  transform: { target: 'node20', define: { sockpitVersion: `'${process.env.npm_package_version}'` } },
  plugins: [withoutPrograms, plainExports],
})
await bundle.write({
  dir: 'dist/run',
  format: 'cjs',
  entryFileNames: '[name].cjs',
  chunkFileNames: '[name].cjs',
  minify: { mangle: false, compress: true },
  comments: false,
})
await bundle.close()
