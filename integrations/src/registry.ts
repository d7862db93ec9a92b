import { createReadStream } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename } from 'node:path'
import type { PackedPackage } from './packages.ts'

export interface Registry {
  url: string
  close(): Promise<void>
}

/** A throw-away npm registry on this machine that serves the packed packages by name: what `npm install` reads, nothing else. */
export async function serveRegistry(packages: readonly PackedPackage[]): Promise<Registry> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '/').slice(1)
    const packed = packages.find(({ file }) => path === basename(file))
    const described = packages.find(({ manifest }) => path === manifest.name)
    response.setHeader('cache-control', 'no-store')
    if (packed) createReadStream(packed.file).pipe(response)
    else if (described) response.setHeader('content-type', 'application/json').end(JSON.stringify(packument(described)))
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`

  const packument = ({ manifest, file, integrity }: PackedPackage) => ({
    name: manifest.name,
    'dist-tags': { latest: manifest.version },
    versions: { [manifest.version]: { ...manifest, dist: { tarball: url + basename(file), integrity } } },
  })
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
