// Makes static/icons.svg, the sprite behind the `icon` macro, from @tabler/icons (MIT).
// Add a name below and run `node frontend/app/icons.mjs`; the sprite is kept in the repository.
import { readFileSync, writeFileSync } from "node:fs";

const names = `adjustments alert-circle alert-triangle archive arrow-back-up arrow-down
arrow-forward-up arrow-right arrow-up arrows-right-left bell binary-tree book-2 calendar chart-bar
check chevron-left chevron-right circle-check circle-dot circle-x clipboard-list clock
clock-exclamation device-floppy download edit external-link eye eye-off file-certificate file-text
flag folder-open folders forms git-compare history hourglass inbox info-circle keyboard language
link list-check list-details lock login logout map-pin masks-theater maximize paperclip pencil phone
player-pause player-play player-skip-back player-skip-forward player-track-next player-track-prev
plus printer radar-2 refresh rocket route scale search send shield-check shield-lock sitemap
speakerphone table test-pipe transfer trash upload user user-check users versions x zoom-in zoom-out`.split(/\s+/);

const symbols = names.map((name) => {
  const svg = readFileSync(`node_modules/@tabler/icons/icons/outline/${name}.svg`, "utf8");
  const inner = svg
    .replace(/^[\s\S]*?<svg[^>]*>/, "")
    .replace(/<\/svg>\s*$/, "")
    .replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none" \/>/, "")
    .replace(/\s*\n\s*/g, "");
  return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${inner}</symbol>`;
});
writeFileSync(
  "static/icons.svg",
  `<svg xmlns="http://www.w3.org/2000/svg">\n<!-- @tabler/icons, MIT licence -->\n${symbols.join("\n")}\n</svg>\n`,
);
console.log(`  ${names.length} icons`);
