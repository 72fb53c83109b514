// What the whole book, as one page, needs before it is printed. Run by book/pdf.py, in this order.
"use strict";

const CODE_OF_DRAWING = /\bpl(t|ot)\./;
const MOST_LINES = 16; // of a cell that is not parted between two pages
const WITHOUT_LINE = ["Goals", "Recap", "References"]; // sections that every chapter has, where a reader expects them
// Where a link names the page that it leads to, since nobody can follow it on paper
const NUMBERED = ".book-contents, #intro-- .sd-card ul, #clinic-- :is(table, ul), #genindex-- table";

const make = (tag, className, textContent) => Object.assign(document.createElement(tag), { className, textContent });
const plain = (heading) => heading.textContent.replace(/#$/, "");

/** Open, or leave out, what waits for a click on a screen; then wait for formulas and fonts. */
async function settle() {
  document.title = plain(document.querySelector("h1")); // or the PDF would be named as one of its pages
  document.documentElement.dataset.theme = "light"; // a script of the theme emptied it, and code lost its colors
  // A file beside the page would be one of the printing server.
  for (const link of document.querySelectorAll("a[href]"))
    if (!/^(#|\w+:)/.test(link.getAttribute("href"))) link.removeAttribute("href");
  // A section may begin at the foot of a page, and its heading on the next: links lead to the heading.
  for (const section of document.querySelectorAll("section[id]")) {
    const heading = section.querySelector(":scope > :is(h1, h2, h3, h4, h5, h6)");
    if (!heading || heading.id) continue;
    heading.id = section.id;
    section.removeAttribute("id");
  }
  for (const image of document.images) image.loading = "eager";
  document.querySelectorAll("details.hide").forEach(unfold);
  for (const cell of document.querySelectorAll(".cell_input"))
    cell.classList.toggle("in-one-piece", cell.textContent.trim().split("\n").length <= MOST_LINES);
  await window.MathJax?.startup?.promise;
  await document.fonts.ready;
}

/** Print a folded solution or function, but not the code of a drawing or of checks, whose ticks say enough. */
function unfold(fold) {
  const [summary, ...content] = fold.children;
  const title = summary.firstElementChild.textContent;
  if (fold.matches(".folded-text") || /^(Solution|Code and its output)/.test(title)) {
    const solution = make("div", "paper-solution", "");
    solution.append(make("p", "paper-label", title), ...content);
    fold.replaceWith(solution);
  } else if (title === "Checks") fold.remove();
  else if (fold.closest(".tag_checks")) fold.replaceWith(make("div", "expect expect-passed", title));
  else if (!CODE_OF_DRAWING.test(fold.textContent)) fold.replaceWith(...content);
  else if (fold.closest(".cell").querySelector(".cell_output")) fold.remove();
  else fold.replaceWith(make("p", "paper-label", "The code of this drawing is in the notebook."));
}

/** Put contents after the front page, and a place for the page's number behind each link that names one. */
function list() {
  const contents = make("nav", "bd-article book-contents", "");
  contents.append(make("h1", "", "Contents"));
  for (const heading of document.querySelectorAll(".bd-article:not(:first-of-type) :is(h1, h2)")) {
    const isTitle = heading.localName === "h1";
    if (!isTitle && (WITHOUT_LINE.includes(plain(heading)) || plain(heading).length === 1)) continue; // or a letter
    if (isTitle) contents.append(make("div", "", ""));
    const line = make("a", isTitle ? "title" : "section", "");
    line.href = "#" + heading.closest("[id]").id;
    line.append(make("span", "", plain(heading)));
    contents.lastChild.append(line);
  }
  document.querySelector(".bd-article").after(contents);
  for (const part of document.querySelectorAll(NUMBERED))
    for (const link of part.querySelectorAll('a[href^="#"]')) link.append(make("span", "page-number", "0000"));
}

/** Fill in the numbers: pages holds the page of each anchor. */
function number(pages) {
  for (const place of document.querySelectorAll(".page-number")) {
    const anchor = decodeURIComponent(place.closest("a").hash.slice(1));
    if (!(anchor in pages)) throw new Error(`a link leads to ${anchor}, which is on no page`);
    place.textContent = pages[anchor];
  }
}
