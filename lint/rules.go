package lint

import (
	"embed"

	"github.com/seedpack/seedpack/diag"
)

// rules are all rules that look at a manifest's values, by subject.
var rules = []*Rule{
	imageNameLowercase, imageNamePlus, imageNameDash, imageNameForm, imageNameLength,
	integerFraction, timeoutPositive, timeoutLong,
	titleForm, descriptionForm, descriptionMarkup, tagsForm,
	maintainerName, maintainerEmail, maintainerURL, maintainerPhone, maintainerOrganization,
	resourcesMissing, resourcesScalar, resourcesRecommended, resourceNameUnique, resourceNameCase, resourceNonstandard,
	resourceNegative, resourceZero, resourceGPUs, resourceMultiplier, resourceBytes,
	variableUnique, variableReserved, variableAllocated, variableShadow, variableName, variableNormalForm,
	outputNameUnique, outputKeyUnique, outputKeyEmpty, errorNameUnique, mountNameUnique, nameCase,
	commandSyntax, commandShell, commandUndeclared, commandSecret, commandOptional, commandOptionalLiteral, commandQuotes,
	commandPortability, commandBrackets, commandAllocated, commandSettingName, commandBraces, commandEmpty, commandBlanks, commandJSON,
	mediaType, mediaTypesEmpty, mediaTypeUnregistered,
	outputPattern, outputPatternDialect, outputPatternReserved, outputPatternOverlap, outputMultiple, outputExtension,
	mountPathAbsolute, mountPathClean, mountPathOverlap, mountPathSystem, dataOutside,
	settingSecret,
	errorCodeRange, errorCodeUnique, errorCodeShell, errorCodeData, errorTitle,
}

// Rules are all rules of this package, those of syntax and schema first. The rules must not be changed.
func Rules() []*diag.Rule {
	all := append([]*diag.Rule{}, syntaxRules...)
	all = append(all, schemaRules...)
	for _, r := range rules {
		all = append(all, &r.Rule)
	}
	return all
}

//go:embed testdata/*.txtar
var archives embed.FS

// Explain is the archive of a rule: why it is there, and examples of what it reports and what not.
func Explain(id string) (archive string, ok bool) {
	text, err := archives.ReadFile("testdata/" + id + ".txtar")
	return string(text), err == nil
}
