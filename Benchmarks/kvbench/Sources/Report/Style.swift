/// How a page looks. Written without what XHTML escapes, since HTML doesn't unescape it here.
enum Style {
    /// Colours that differ also for people who tell few of them apart; lines differ by their dashes, too.
    static let sheet = """
        :root{color-scheme:light dark;--paper:#fff;--ink:#1b1f24;--soft:#59636e;--rule:#d5dae0;--shade:#f4f6f8;
        --c0:#0069a8;--c1:#c04f00;--c2:#00795a;--c3:#8f4a9e;--c4:#6b6100;--c5:#5a5f66}
        @media (prefers-color-scheme:dark){:root{--paper:#14171a;--ink:#e6e9ec;--soft:#a3adb8;--rule:#3a424b;
        --shade:#1d2227;--c0:#5db8f0;--c1:#f0a04b;--c2:#4ccfa0;--c3:#d79be0;--c4:#d8cd5a;--c5:#b4bac2}}
        body{margin:0 auto;max-width:72rem;padding:1rem;font:1rem/1.5 system-ui,sans-serif;
        background:var(--paper);color:var(--ink);overflow-wrap:anywhere}
        h1,h2,h3{line-height:1.25}h2{margin-top:2.5rem;border-top:1px solid var(--rule);padding-top:1rem}
        a{color:var(--c0)}ul{padding-left:1.25rem}
        .verdict{background:var(--shade);border-left:.25rem solid var(--c0);padding:.5rem 1rem;margin:1rem 0}
        .verdict p{margin:.25rem 0}.verdict ul{margin:.25rem 0}
        .scroll{overflow-x:auto}pre{background:var(--shade);padding:.75rem;overflow-x:auto;overflow-wrap:normal}
        table{border-collapse:collapse;font-size:.875rem;font-variant-numeric:tabular-nums;overflow-wrap:normal}
        caption{text-align:left;color:var(--soft);padding:.25rem 0}
        th,td{padding:.3rem .6rem;border-bottom:1px solid var(--rule);text-align:right}
        td{white-space:nowrap}th:first-child{text-align:left;position:sticky;left:0;background:var(--paper)}
        .facts th{position:static;vertical-align:top}.facts td{text-align:left;white-space:normal}
        .charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,24rem),1fr));gap:1.5rem}
        figure{margin:0}figcaption{font-weight:600}figcaption small{display:block;font-weight:400;color:var(--soft)}
        svg{width:100%;height:auto;display:block}svg text{font:13px system-ui,sans-serif;fill:var(--ink)}
        svg .halo{paint-order:stroke;stroke:var(--paper);stroke-width:4px}svg .soft{fill:var(--soft)}svg .heading{font-weight:600}.paper{fill:var(--paper)}svg .end{text-anchor:end}svg .middle{text-anchor:middle}
        .grid{stroke:var(--rule);stroke-width:1}.axis{stroke:var(--soft);stroke-width:1}
        .event{stroke:var(--ink);stroke-width:1;stroke-dasharray:2 3}
        .line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:butt}
        .range{fill:none;stroke-width:2}.whisker{fill:none;stroke:var(--ink);stroke-width:1.5}
        .s0{stroke:var(--c0)}.s1{stroke:var(--c1)}.s2{stroke:var(--c2)}.s3{stroke:var(--c3)}
        .s4{stroke:var(--c4)}.s5{stroke:var(--c5)}
        .pale{fill-opacity:.35}.f0{fill:var(--c0)}.f1{fill:var(--c1)}.f2{fill:var(--c2)}.f3{fill:var(--c3)}.f4{fill:var(--c4)}.f5{fill:var(--c5)}
        .line.s1{stroke-dasharray:7 3}.line.s2{stroke-dasharray:2 3}.line.s3{stroke-dasharray:9 3 2 3}
        .line.s4{stroke-dasharray:14 4}.line.s5{stroke-dasharray:5 2 1 2 1 2}
        """
}
