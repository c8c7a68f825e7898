package io.coatcheck.session.servlet;

/**
 * What a browser can be asked to clear at a logout, with the header {@code Clear-Site-Data} (W3C
 * Clear Site Data): data of the origin of the response.
 *
 * @since 0.1.0
 */
public enum SiteData {
  /** Pages and other responses that the browser has cached, in the back/forward cache too. */
  CACHE("\"cache\""),

  /** What scripts have stored, such as {@code localStorage} and IndexedDB; and service workers. */
  STORAGE("\"storage\""),

  /**
   * All cookies of the whole registrable domain, those of its other hosts and applications
   * included. The session cookie is deleted at a logout without this.
   */
  COOKIES("\"cookies\"");

  private final String text;

  SiteData(String text) {
    this.text = text;
  }

  /** Returns the value as it stands in the header, in quotation marks. */
  String text() {
    return text;
  }
}
