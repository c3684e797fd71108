// SPDX-License-Identifier: MIT
#include "COperatorPage.h"

// A file that is not here is not served, and one that is not in the folder does not compile.

static const unsigned char page_html[] = {
#embed "page/page.html"
};
static const unsigned char page_css[] = {
#embed "page/page.css"
};
static const unsigned char icon_svg[] = {
#embed "page/icon.svg"
};
static const unsigned char page_js[] = {
#embed "page/page.js"
};
static const unsigned char api_js[] = {
#embed "page/api.js"
};
static const unsigned char charts_js[] = {
#embed "page/charts.js"
};
static const unsigned char chat_js[] = {
#embed "page/chat.js"
};
static const unsigned char cluster_js[] = {
#embed "page/cluster.js"
};
static const unsigned char dialogs_js[] = {
#embed "page/dialogs.js"
};
static const unsigned char elements_js[] = {
#embed "page/elements.js"
};
static const unsigned char figures_js[] = {
#embed "page/figures.js"
};
static const unsigned char journal_js[] = {
#embed "page/journal.js"
};
static const unsigned char picture_js[] = {
#embed "page/picture.js"
};
static const unsigned char plan_js[] = {
#embed "page/plan.js"
};
static const unsigned char streams_js[] = {
#embed "page/streams.js"
};

static const bn_page_file files[] = {
    {"page.html", page_html, sizeof page_html},
    {"page.css", page_css, sizeof page_css},
    {"icon.svg", icon_svg, sizeof icon_svg},
    {"page.js", page_js, sizeof page_js},
    {"api.js", api_js, sizeof api_js},
    {"charts.js", charts_js, sizeof charts_js},
    {"chat.js", chat_js, sizeof chat_js},
    {"cluster.js", cluster_js, sizeof cluster_js},
    {"dialogs.js", dialogs_js, sizeof dialogs_js},
    {"elements.js", elements_js, sizeof elements_js},
    {"figures.js", figures_js, sizeof figures_js},
    {"journal.js", journal_js, sizeof journal_js},
    {"picture.js", picture_js, sizeof picture_js},
    {"plan.js", plan_js, sizeof plan_js},
    {"streams.js", streams_js, sizeof streams_js},
};

const bn_page_file *bn_page_files(size_t *count) {
    *count = sizeof files / sizeof *files;
    return files;
}
