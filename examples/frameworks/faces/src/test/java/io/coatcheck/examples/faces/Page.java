package io.coatcheck.examples.faces;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;
import org.jsoup.parser.Parser;

/** A page as a browser has it: loaded once, and changed by what Ajax answers. */
final class Page {

  private static final String VIEW_STATE = "jakarta.faces.ViewState";

  private final String path;
  private final int status;
  private final Document document;

  Page(String path, int status, String html) {
    this.path = path;
    this.status = status;
    document = Jsoup.parse(html);
  }

  /**
   * Leaves out what is another one each time, the keys of the view and of the session, and the
   * stack trace of an error.
   */
  static String normal(String html) {
    return html.replaceAll("(?s)<p><b>Exception</b></p>.*", "")
        .replaceAll("(ViewState[^>]*value=\")[^\"]*", "$1...")
        .replaceAll("(ViewState[^>]*><!\\[CDATA\\[)[^\\]]*", "$1...")
        .replaceAll(";jsessionid=[0-9A-F]+", "");
  }

  int status() {
    return status;
  }

  String path() {
    return path;
  }

  String text() {
    return document.text();
  }

  /** Returns the fields of the form that an element is in, as a browser sends them. */
  Map<String, String> form(String id) {
    Map<String, String> fields = new LinkedHashMap<>();
    for (Element field : formOf(id).select("input, select, textarea")) {
      String name = field.attr("name");
      String type = field.attr("type");
      boolean isSent =
          !name.isEmpty()
              && !type.equals("submit")
              && !type.equals("button")
              && (!(type.equals("radio") || type.equals("checkbox")) || field.hasAttr("checked"));
      if (isSent) {
        Element chosen = field.selectFirst("option[selected]");
        fields.put(name, chosen == null ? field.val() : chosen.val());
      }
    }
    return fields;
  }

  String action(String id) {
    return formOf(id).attr("action");
  }

  String formId(String id) {
    return formOf(id).id();
  }

  private Element formOf(String id) {
    Element element = document.getElementById(id);
    if (element == null) {
      throw new AssertionError("no element " + id + " in " + path + ", " + status + ": " + text());
    }
    return element.closest("form");
  }

  /** Does what Faces' script does with the answer to an Ajax request. */
  void update(String xml) {
    Document answer = Jsoup.parse(xml, Parser.xmlParser());
    for (Element update : answer.select("update")) {
      String id = update.id();
      if (id.contains(VIEW_STATE)) {
        for (Element form : document.select("form")) {
          form.select("input[name=" + VIEW_STATE + "]").remove();
          form.appendElement("input").attr("name", VIEW_STATE).val(update.wholeText());
        }
      } else {
        Element target = document.getElementById(id);
        if (target != null && update.wholeText().contains("id=\"" + id + "\"")) {
          target.before(update.wholeText());
          target.remove();
        } else if (target != null) {
          target.html(update.wholeText());
        }
      }
    }
  }
}
