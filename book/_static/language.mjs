// A language switch is remembered, for the root page to follow, and leads to the section that is being read.
// Twin pages number their sections alike (two_languages.py).

/** The last section whose title is near the top of the window or has left it; none at the top of the page. */
function sectionBeingRead() {
  const header = document.querySelector(".bd-header-article").getBoundingClientRect().bottom;
  const sections = [...document.querySelectorAll('[id^="section-"]')];
  return sections.findLast((section) => section.getBoundingClientRect().top < header + 100)?.id ?? "";
}

function follow({ currentTarget: link }) {
  link.hash = sectionBeingRead();
  try {
    localStorage.setItem("language", link.lang);
  } catch {} // a browser may forbid to store anything
}

for (const link of document.querySelectorAll("a[lang]")) {
  link.addEventListener("click", follow); // also Enter
  link.addEventListener("auxclick", follow); // the middle button: a new tab
}
