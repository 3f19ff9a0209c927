/**
 * What each shell evaluates. All three ask the hidden command `complete` with the words so far, the last of which is being written; it
 * answers one candidate a line. It ends at once for a shell that waits for a keystroke, and says nothing if it cannot answer: then files are
 * proposed.
 */
export const scripts = {
  // https://www.gnu.org/software/bash/manual/html_node/Programmable-Completion.html: a colon separates words there, and names have one.
  bash: `_slipway() {
  local line="\${COMP_LINE:0:COMP_POINT}" words word candidates
  read -ra words <<< "$line"
  [[ "$line" == *' ' ]] && words+=('')
  word="\${words[-1]}"
  mapfile -t candidates < <(slipway complete -- "\${words[@]:1}" 2>/dev/null)
  [[ "$word" == *:* ]] && candidates=("\${candidates[@]#"\${word%:*}:"}")
  COMPREPLY=("\${candidates[@]}")
}
complete -o default -F _slipway slipway
`,
  zsh: `#compdef slipway
_slipway() {
  local -a candidates
  candidates=("\${(@f)$(slipway complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -- "\${(@)candidates:#}" || _files
}
compdef _slipway slipway
`,
  fish: `function __slipway_complete
  set -l candidates (slipway complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)
  if set -q candidates[1]
    printf '%s\\n' $candidates
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c slipway -f -a '(__slipway_complete)'
`,
} as const;
