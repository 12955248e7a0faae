// What every page needs beside the theme's own scripts.

// A table or formula that is wider than its column scrolls, so the keyboard must reach it.
// Formulas being set, foldings and turned phones all change the page's height.
new ResizeObserver(() => {
  for (const box of document.querySelectorAll(".pst-scrollable-table-container, mjx-container")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}).observe(document.body);

// Paper is white: print in the light colours.
const { dataset } = document.documentElement;
let onScreen;
addEventListener("beforeprint", () => {
  onScreen = dataset.theme;
  dataset.theme = "light";
});
addEventListener("afterprint", () => {
  dataset.theme = onScreen;
});
