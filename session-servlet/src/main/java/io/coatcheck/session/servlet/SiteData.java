package io.coatcheck.session.servlet;

/**
 * What a browser can be asked to clear at a logout, with the header {@code Clear-Site-Data} (W3C
 * Clear Site Data): data of the origin of the response.
 *
 * @since 0.1.0
 */
public enum SiteData {
  /** Pages and other responses in the browser's caches, including the back/forward cache. */
  CACHE("\"cache\""),

  /**
   * Data that scripts have stored, such as {@code localStorage} and IndexedDB; and service workers.
   */
  STORAGE("\"storage\""),

  /**
   * All cookies of the whole registrable domain, including those of its other hosts and
   * applications. The session cookie is deleted at a logout without this.
   */
  COOKIES("\"cookies\"");

  private final String text;

  SiteData(String text) {
    this.text = text;
  }

  /** Returns the value as written in the header, in quotation marks. */
  String text() {
    return text;
  }
}
