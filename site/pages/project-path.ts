export function projectPath(project: string): string {
  return `/projects/${project.replace(':', '/')}`;
}
