/**
 * What Buildah and Podman add to what a command has printed, and Podman says before it. Which of its processes speaks last depends on which
 * is stopped first. https://github.com/containers/buildah/blob/main/run_common.go
 */
export const engineMessage =
  /^(?:subprocess exited (?:with status|on)|container exited on|error running (?:subprocess|container):|Error: (?:while running runtime: )?exit status|Your kernel does not support)/;
