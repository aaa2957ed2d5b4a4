/**
 * Bundles what tsc made into `dist/run`: one CommonJS file for what every start needs, further ones for what single
 * commands need, since that starts fastest: Node reads few files, and nothing that the command does not use.
 */
import { resolve } from 'node:path'
import { rolldown } from 'rolldown'

/** Commander loads it for programs of its own that we have none of: it would be the slowest thing in a start. */
const withoutPrograms = {
  name: 'without-programs',
  resolveId: (id, importer) =>
    id === 'node:child_process' && importer?.includes('commander') ? '\0no-programs' : null,
  load: (id) => (id === '\0no-programs' ? 'module.exports = {}' : null),
}

/** Chalk looks at once what colours there are, which loads two modules of Node's: we tell it which to use. */
const withoutDetection = {
  name: 'without-detection',
  resolveId: (id) => (id === '#supports-color' ? '\0no-detection' : null),
  load: (id) => (id === '\0no-detection' ? 'export default { stdout: false, stderr: false }' : null),
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
        /Object\.defineProperty\(exports,([`'"])([\w$]+)\1,\{enumerable:!0,get:function\(\)\{return ([\w$]+)\}\}\)/g,
        'exports.$2=$3',
      )
    }
  },
}

const commands = ['tcp-client', 'tcp-server', 'udp-client', 'udp-server', 'ws-client', 'ws-echo']

/**
 * Which file of the bundle a module goes to. Left alone, what commands share makes a dozen files of a few lines, and
 * each costs a start as much as ten kilobytes do.
 */
function createPlan() {
  let reached
  return (id, graph) => {
    reached ??= reachedFrom(graph)
    const { main, sockets, help, log } = reached
    const users = sockets.filter((modules) => modules.has(id)).length
    const isForAll = users === commands.length
    if (main.has(id) || (isForAll && help.has(id))) return 'main'
    if (isForAll) return 'sockets'
    if (users > 1 && sockets[0].has(id)) return 'streams'
    if (help.has(id)) return log.has(id) ? 'text' : 'help'
    return log.has(id) ? 'log' : null
  }
}

/** What each part of the program imports at once, and what that imports. */
function reachedFrom(graph) {
  const from = (name) => {
    const reached = new Set()
    const visit = (id) => {
      if (reached.has(id)) return
      reached.add(id)
      graph.getModuleInfo(id)?.importedIds.forEach(visit)
    }
    visit(resolve(`dist/src/${name}.js`))
    return reached
  }
  return {
    main: from('main'),
    sockets: commands.map((name) => from(`commands/${name}`)),
    help: from('commands/help'),
    log: from('views/log'),
  }
}

const bundle = await rolldown({
  input: 'dist/src/main.js',
  platform: 'node',
  external: [/^@inquirer\//, 'selfsigned'],
  transform: { target: 'node20', define: { sockpitVersion: `'${process.env.npm_package_version}'` } },
  plugins: [withoutPrograms, withoutDetection, plainExports],
  // Nobody imports the program: what its parts have of each other is all that it exports.
  preserveEntrySignatures: 'allow-extension',
})
await bundle.write({
  dir: 'dist/run',
  format: 'cjs',
  entryFileNames: '[name].cjs',
  chunkFileNames: '[name].cjs',
  minify: { mangle: true, compress: true },
  comments: false,
  codeSplitting: {
    includeDependenciesRecursively: false,
    groups: [{ name: createPlan(), debugName: 'by use' }],
  },
})
await bundle.close()
