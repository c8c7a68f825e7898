package io.coatcheck.session.codec;

import static io.coatcheck.session.codec.FacesClasses.propertyKeys;
import static io.coatcheck.session.codec.PresetNames.in;
import static io.coatcheck.session.codec.PresetNames.union;

import java.util.Set;

/**
 * What PrimeFaces 15 puts into sessions: the state of its components, trees, and the sort orders
 * and filters of tables. Filters that call an application method by an expression are not included.
 */
final class PrimeFacesClasses {

  private static final String PRIMEFACES = "org.primefaces";

  private static final Set<String> PROPERTIES =
      union(
          in(
              PRIMEFACES + ".component",
              "api.UIPageableData$InternalPropertyKeys datatable.DataTable$InternalPropertyKeys subtable.SubTableBase$InternalPropertyKeys treetable.TreeTableBase$InternalPropertyKeys"),
          propertyKeys(
              PRIMEFACES,
              "behavior.ajax.AjaxBehavior behavior.confirm.ConfirmBehavior"
                  + " behavior.printer.PrinterBehavior"
                  + " behavior.validate.ClientValidatorBehavior validate.FileValidator"),
          propertyKeys(
              PRIMEFACES + ".component",
              "accordionpanel.AccordionPanelBase"
                  + " ajaxexceptionhandler.AjaxExceptionHandlerBase"
                  + " ajaxstatus.AjaxStatusBase api.AbstractPrimeHtmlInputText"
                  + " api.AbstractPrimeHtmlInputTextArea api.PrimeUIData api.UICalendar"
                  + " api.UIMedia api.UINotifications api.UIPageableData api.UITabPanel"
                  + " api.UITree autocomplete.AutoCompleteBase avatar.AvatarBase"
                  + " avatargroup.AvatarGroupBase badge.BadgeBase barcode.BarcodeBase"
                  + " blockui.BlockUIBase breadcrumb.BreadCrumbBase button.ButtonBase"
                  + " cache.UICacheBase calendar.CalendarBase captcha.CaptchaBase"
                  + " card.CardBase carousel.CarouselBase"
                  + " cascadeselect.CascadeSelectBase celleditor.CellEditorBase"
                  + " chart.ChartBase checkbox.CheckboxBase chip.ChipBase"
                  + " chips.ChipsBase chronoline.ChronolineBase clock.ClockBase"
                  + " colorpicker.ColorPickerBase column.ColumnBase"
                  + " columngroup.ColumnGroupBase columns.ColumnsBase"
                  + " columntoggler.ColumnTogglerBase commandbutton.CommandButtonBase"
                  + " commandlink.CommandLinkBase confirmdialog.ConfirmDialogBase"
                  + " confirmpopup.ConfirmPopupBase contextmenu.ContextMenuBase"
                  + " dashboard.DashboardBase datagrid.DataGridBase"
                  + " datalist.DataListBase datascroller.DataScrollerBase"
                  + " datatable.DataTableBase dataview.DataViewBase"
                  + " dataview.DataViewGridItemBase dataview.DataViewListItemBase"
                  + " datepicker.DatePickerBase defaultcommand.DefaultCommandBase"
                  + " diagram.DiagramBase dialog.DialogBase divider.DividerBase"
                  + " dnd.DraggableBase dnd.DroppableBase dock.DockBase"
                  + " effect.EffectBase feedreader.FeedReaderBase fieldset.FieldsetBase"
                  + " fileupload.FileUploadBase focus.FocusBase fragment.FragmentBase"
                  + " galleria.GalleriaBase gmap.GMapBase gmap.GMapInfoWindowBase"
                  + " graphicimage.GraphicImageBase growl.GrowlBase"
                  + " headerrow.HeaderRowBase hotkey.HotkeyBase"
                  + " idlemonitor.IdleMonitorBase imagecompare.ImageCompareBase"
                  + " imagecropper.ImageCropperBase imageswitch.ImageSwitchBase"
                  + " inplace.InplaceBase inputmask.InputMaskBase"
                  + " inputnumber.InputNumberBase inputtext.InputTextBase"
                  + " inputtextarea.InputTextareaBase keyboard.KeyboardBase"
                  + " keyfilter.KeyFilterBase knob.KnobBase lifecycle.LifecycleBase"
                  + " link.LinkBase linkbutton.LinkButtonBase log.LogBase"
                  + " media.MediaBase megamenu.MegaMenuBase menu.AbstractMenu"
                  + " menu.MenuBase menubar.MenubarBase menubutton.MenuButtonBase"
                  + " menuitem.UIMenuItemBase message.MessageBase messages.MessagesBase"
                  + " mindmap.MindmapBase multiselectlistbox.MultiSelectListboxBase"
                  + " notificationbar.NotificationBarBase orderlist.OrderListBase"
                  + " organigram.OrganigramBase organigramnode.UIOrganigramNodeBase"
                  + " outputlabel.OutputLabelBase outputpanel.OutputPanelBase"
                  + " overlaypanel.OverlayPanelBase panel.PanelBase"
                  + " panelgrid.PanelGridBase panelmenu.PanelMenuBase"
                  + " password.PasswordBase patch.UIDataPatch photocam.PhotoCamBase"
                  + " picklist.PickListBase poll.PollBase progressbar.ProgressBarBase"
                  + " radiobutton.RadioButtonBase rating.RatingBase"
                  + " remotecommand.RemoteCommandBase resizable.ResizableBase"
                  + " row.RowBase roweditor.RowEditorBase rowexpansion.RowExpansionBase"
                  + " rowtoggler.RowTogglerBase schedule.ScheduleBase"
                  + " scrollpanel.ScrollPanelBase scrolltop.ScrollTopBase"
                  + " selectbooleanbutton.SelectBooleanButtonBase"
                  + " selectbooleancheckbox.SelectBooleanCheckboxBase"
                  + " selectcheckboxmenu.SelectCheckboxMenuBase"
                  + " selectmanybutton.SelectManyButtonBase"
                  + " selectmanycheckbox.SelectManyCheckboxBase"
                  + " selectmanymenu.SelectManyMenuBase"
                  + " selectonebutton.SelectOneButtonBase"
                  + " selectonelistbox.SelectOneListboxBase"
                  + " selectonemenu.SelectOneMenuBase selectoneradio.SelectOneRadioBase"
                  + " separator.UISeparatorBase sidebar.SidebarBase"
                  + " signature.SignatureBase skeleton.SkeletonBase"
                  + " slidemenu.SlideMenuBase slider.SliderBase spacer.SpacerBase"
                  + " speeddial.SpeedDialBase spinner.SpinnerBase"
                  + " splitbutton.SplitButtonBase splitter.SplitterBase"
                  + " splitter.SplitterPanelBase spotlight.SpotlightBase stack.StackBase"
                  + " staticmessage.StaticMessageBase steps.StepsBase sticky.StickyBase"
                  + " submenu.UISubmenuBase subtable.SubTableBase"
                  + " summaryrow.SummaryRowBase tabmenu.TabMenuBase tabview.TabBase"
                  + " tabview.TabViewBase tag.TagBase tagcloud.TagCloudBase"
                  + " terminal.TerminalBase texteditor.TextEditorBase"
                  + " tieredmenu.TieredMenuBase timeline.TimelineBase"
                  + " toggleswitch.ToggleSwitchBase toolbar.ToolbarBase"
                  + " toolbar.ToolbarGroupBase tooltip.TooltipBase tree.TreeBase"
                  + " tree.UITreeNodeBase treetable.TreeTableBase"
                  + " tristatecheckbox.TriStateCheckboxBase video.Video"
                  + " wizard.WizardBase"));

  private static final Set<String> STATES =
      union(
          in(PRIMEFACES, "PrimeFaces$MVSKey"),
          in(
              PRIMEFACES + ".component",
              "accordionpanel.AccordionState api.UITableState datagrid.DataGridState"
                  + " datalist.DataListState datatable.DataTableState dataview.DataViewState"
                  + " panel.PanelState tabview.TabViewState treetable.TreeTableState"));

  private static final Set<String> MODELS =
      union(
          in(
              PRIMEFACES + ".model",
              "CheckboxTreeNode CheckboxTreeNodeChildren ColumnMeta DefaultTreeNode"
                  + " DefaultTreeNodeChildren FilterMeta MatchMode SortMeta SortOrder"),
          in(
              PRIMEFACES + ".model.filter",
              "BetweenFilterConstraint ComparableFilterConstraint ContainsFilterConstraint"
                  + " EndsWithFilterConstraint EqualsFilterConstraint ExactFilterConstraint"
                  + " GlobalFilterConstraint GreaterThanEqualsFilterConstraint"
                  + " GreaterThanFilterConstraint InFilterConstraint"
                  + " LessThanEqualsFilterConstraint LessThanFilterConstraint"
                  + " NegationFilterConstraintWrapper StartsWithFilterConstraint"
                  + " StringFilterConstraint"));

  static final Set<String> PRIMEFACES_CLASSES = union(PROPERTIES, STATES, MODELS);

  private PrimeFacesClasses() {}
}
