/// The page's only style sheet.
enum ReportStyle {
    /// SHA-256 of `text`, base64: what the page's policy lets apply. A test says the right one when the text was changed.
    static let hash = "PcjGvnOafRwpACHXio8IL170BcatmnlrlVlmeryVye8="

    static let text: HTML = #"""
        :root{color-scheme:light dark;--back:#fff;--text:#1b1f24;--quiet:#57606a;--line:#d4d9df;--head:#f4f6f8;--link:#0550ae;--limit:#b42318;--note:#fff4ce;
        --object:#cfe0f5;--function:#dcd5f3;--array:#cdebe3;--string:#f4e4b8;--native:#f5d2c8;--code:#e0e2e4;--system:#eceff2}
        @media screen and (prefers-color-scheme:dark){:root{--back:#12161b;--text:#e4e7eb;--quiet:#a0a9b3;--line:#343b44;--head:#1b2027;--link:#82b8ff;--limit:#ff9389;--note:#3d3414;
        --object:#23446b;--function:#43396f;--array:#1c5247;--string:#5a4a18;--native:#663628;--code:#434a52;--system:#2b323a}}
        *{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%}
        body{margin:0;overflow-wrap:anywhere;padding:1rem 1.25rem 3rem;background:var(--back);color:var(--text);font:14px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
        main{max-width:1100px;margin:0 auto}
        h1{font-size:1.35rem;line-height:1.25;margin:0 0 .4rem}
        h2{font-size:1.1rem;margin:2rem 0 .5rem;padding-top:.5rem;border-top:1px solid var(--line)}
        h3{font-size:1rem;margin:0 0 .15rem}
        p{margin:.35rem 0;max-width:75ch}
        a{color:var(--link)}
        code,.path,tbody th{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.929em}
        small{color:var(--quiet);font-size:.9em}
        nav ul,.legend{list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem}
        .legend{margin:.4rem 0 .8rem;color:var(--quiet)}
        .legend svg{vertical-align:-1px}
        .facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.35rem 1.5rem;margin:1rem 0}
        dt{color:var(--quiet);font-size:.857rem}
        dd{margin:0;font-variant-numeric:tabular-nums}
        figure{margin:0}
        figcaption{color:var(--quiet)}
        .warning{background:var(--note);padding:.4rem .6rem;max-width:none}
        .suspects{padding-left:1.6rem}
        .suspects>li{margin:0 0 1.2rem}
        .suspects>li::marker{font-weight:600}
        .numbers{color:var(--quiet);font-variant-numeric:tabular-nums}
        .path{margin:0;padding:.4rem .6rem .4rem 2.6rem;white-space:nowrap}
        .box{overflow:auto;max-height:38rem;border:1px solid var(--line);max-width:100%}
        .box:focus-visible,button:focus-visible,input:focus-visible,a:focus-visible{outline:2px solid var(--link);outline-offset:1px}
        table{border-collapse:separate;border-spacing:0;width:100%;font-variant-numeric:tabular-nums}
        table.small{max-width:32rem}
        caption{text-align:left;padding:.35rem .5rem;color:var(--quiet)}
        caption span{display:inline-block;position:sticky;left:.5rem;max-width:min(100ch,calc(100vw - 3rem))}
        th,td{padding:.12rem .5rem;text-align:right;white-space:nowrap;vertical-align:baseline}
        th:first-child{text-align:left}
        thead th{position:sticky;top:0;z-index:2;background:var(--head);border-bottom:1px solid var(--line);font-weight:600}
        tbody th,tfoot th{font-weight:400;white-space:normal;min-width:12rem;max-width:40rem;position:sticky;left:0;z-index:1;background:var(--back);
        overflow:hidden}
        thead th:first-child{left:0;z-index:3}
        tbody tr:nth-child(even)>*{background:var(--head)}
        tbody tr:hover>*{background:var(--system)}
        tfoot th,tfoot td{border-top:1px solid var(--line);font-weight:600}
        th button{all:unset;cursor:pointer;font:inherit;white-space:nowrap}
        th button:hover{text-decoration:underline}
        th[aria-sort=descending]::after{content:"\2009\25BE"}
        th[aria-sort=ascending]::after{content:"\2009\25B4"}
        .l2{padding-left:1.5rem}.l3{padding-left:2.5rem}.l4{padding-left:3.5rem}.l5{padding-left:4.5rem}.l6{padding-left:5.5rem}.l7{padding-left:6.5rem}
        .l8{padding-left:7.5rem}.l9{padding-left:8.5rem}.l10{padding-left:9.5rem}.l11{padding-left:10.5rem}
        .filter{margin:.3rem 0 .5rem}
        .filter[hidden]{display:none}
        input{font:inherit;color:inherit;background:var(--back);border:1px solid var(--quiet);padding:.15rem .4rem;width:16rem;max-width:100%}
        output{color:var(--quiet);margin-left:.5rem}
        svg{display:block;overflow:hidden}
        .legend svg{display:inline-block}
        svg text{fill:var(--text);font-size:11px;font-family:inherit;font-variant-numeric:tabular-nums}
        .map svg rect{stroke:var(--back);stroke-width:1.5}
        .rest{fill:var(--back)}
        .narrow{display:none}
        .object{fill:var(--object)}.function{fill:var(--function)}.array{fill:var(--array)}.string{fill:var(--string)}.native{fill:var(--native)}.code{fill:var(--code)}
        .system{fill:var(--system)}
        .bar{margin:.4rem 0 .6rem}
        .bar rect{stroke:var(--back);stroke-width:1}
        .chart polyline{fill:none;vector-effect:non-scaling-stroke;stroke-width:1.75}
        .use{stroke:var(--link)}
        .limit{stroke:var(--limit);stroke-dasharray:6 4}
        .axis{stroke:var(--line);vector-effect:non-scaling-stroke}
        @media (max-width:640px){
        body{padding:.75rem .75rem 2rem}
        .wide{display:none}
        .narrow{display:block}
        tbody th,tfoot th{min-width:9rem;max-width:44vw}
        tbody th[class]{max-width:58vw;min-width:13rem}
        .facts{grid-template-columns:repeat(2,minmax(0,1fr))}
        .l2{padding-left:.9rem}.l3{padding-left:1.3rem}.l4{padding-left:1.7rem}.l5{padding-left:2.1rem}.l6{padding-left:2.5rem}.l7{padding-left:2.9rem}.l8{padding-left:3.3rem}
        .l9{padding-left:3.7rem}.l10{padding-left:4.1rem}.l11{padding-left:4.5rem}
        }
        @media (forced-colors:active){.map svg rect,.bar rect,.legend rect{fill:Canvas;stroke:CanvasText}}
        @media print{
        html{font-size:12px}
        body{padding:0;font-size:11px}
        nav,.filter{display:none}
        .box{max-height:none;overflow:visible;border:0}
        thead th,tbody th,tfoot th,caption span{position:static}
        thead{display:table-header-group}
        tr,li,figure{break-inside:avoid}
        }
        """#
}
